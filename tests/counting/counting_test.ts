/**
 * Runs fixed seeds of the counters: every increment happens exactly once (C3).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { runCounting } from "./counting.ts";

/** Few enough to run with the other tests; `deno task sim:count` runs more. */
const SEEDS = 5;
const INCREMENTS = 150;

Deno.test("increments through sessions happen exactly once under all faults (C3)", async () => {
  let increments = 0;
  let requests = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const result = await runCounting(seed, INCREMENTS);
    assertEquals(result.failure, "", `seed ${seed}: ${result.failure}`);
    increments += result.increments;
    requests += result.requests;
  }
  assertEquals(increments, SEEDS * INCREMENTS);
  // Without repeated requests nothing would be tested.
  assert(requests > 1.3 * increments, `${requests} requests for ${increments} increments`);
});
