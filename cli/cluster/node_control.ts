/**
 * Single requests to the control socket of a node on this machine. A node that does not answer is
 * not an error, as it may be down on purpose.
 *
 * @module
 */

import { ControlClient, ControlError, type Faults } from "../../net/mod.ts";

const answerMsMax = 1000;

/** The current faults; `null` when the node does not answer. */
export async function controlFaults(folder: string): Promise<Faults | null> {
  return await ask(folder, (control) => control.faults());
}

/** Changes faults; false when the node does not answer. */
export async function setControlFaults(folder: string, change: Partial<Faults>): Promise<boolean> {
  return await ask(folder, (control) => control.setFaults(change).then(() => true)) ?? false;
}

async function ask<T>(
  folder: string,
  question: (control: ControlClient) => Promise<T>,
): Promise<T | null> {
  const control = new ControlClient({ folder, withinMs: answerMsMax });
  try {
    return await question(control);
  } catch (error) {
    if (error instanceof ControlError) return null;
    throw error;
  } finally {
    control.close();
  }
}
