/**
 * A leader that stops lets another node lead first.
 *
 * @module
 */

import type { Node } from "../../raft/mod.ts";

/** A leader that stops waits so long for a successor. */
const HAND_OVER_MS = 1_000;
const HAND_OVER_POLL_MS = 2;

/** Lets another node lead before this one stops, so that clients notice nothing. */
export async function handOver(node: Node): Promise<void> {
  if (!node.transfer()) return;
  const end = performance.now() + HAND_OVER_MS;
  while (node.status().role === "leader" && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, HAND_OVER_POLL_MS));
  }
}
