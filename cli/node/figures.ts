/**
 * What a node costs the machine.
 *
 * @module
 */

import { cpuUsage } from "node:process";

/** Processor time of this process since its start. */
export function cpuMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}
