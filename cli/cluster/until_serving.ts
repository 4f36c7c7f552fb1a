/**
 * Waiting until a cluster serves.
 *
 * @module
 */

import { CommandError, formatDuration, leaderOf, type Session } from "../table/mod.ts";

/** The time limit for an election. */
const startMsMax = 15_000;

/** Resolves once a node leads. */
export async function untilServing(session: Session): Promise<void> {
  const deadline = performance.now() + startMsMax;
  while (leaderOf(await session.reports()) === null) {
    if (performance.now() > deadline) {
      throw new CommandError(
        "unavailable",
        `No leader within ${formatDuration(startMsMax)}; the logs are beside the nodes' folders`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
