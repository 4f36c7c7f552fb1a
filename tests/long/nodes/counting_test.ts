/**
 * Counters that clients with sessions count up on real processes, while nodes are killed and cut off,
 * members change and the network loses messages (C3).
 *
 * @module
 */

import { assert } from "@std/assert";
import { runProcessCounting } from "../../counting/process_counting.ts";

Deno.test("increments through sessions happen exactly once on processes that are killed (C3)", async () => {
  const { increments, requests, kills, cuts, changes } = await runProcessCounting({
    ...{ seed: 1, increments: 50, seconds: 20 },
  });
  assert(increments > 50, `${increments} increments`);
  assert(requests > increments, `${requests} requests for ${increments} increments`);
  assert(kills > 0 && cuts > 0 && changes > 0, `${kills} kills, ${cuts} cuts, ${changes} changes`);
});
