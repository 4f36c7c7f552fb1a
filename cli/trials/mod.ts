/**
 * Commands that test, check and measure clusters.
 *
 * @module
 */

export { LeaderConnections, LoadClient, runLoad } from "./bench_load.ts";
export { failureLines } from "./sim_command.ts";
