/**
 * A leader that stops lets another node lead first.
 *
 * @module
 */

import type { Node } from "../../raft/mod.ts";

/** A leader that stops waits so long for a successor. */
const HAND_OVER_MS = 1_000;
const HAND_OVER_POLL_MS = 2;
/** The time in which the last answers leave. */
const ANSWERS_MS = 20;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Lets another node lead before this one stops, so that clients notice nothing. */
export async function handOver(node: Node): Promise<void> {
  if (!node.transfer()) return;
  const end = performance.now() + HAND_OVER_MS;
  // Requests that came meanwhile are answered with the name of the next leader.
  for (;;) {
    const { role, leader } = node.status();
    if ((role !== "leader" && leader !== null) || performance.now() > end) break;
    await pause(HAND_OVER_POLL_MS);
  }
  await pause(ANSWERS_MS);
}
