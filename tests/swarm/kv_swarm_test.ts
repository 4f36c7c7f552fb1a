/**
 * Fixed seeds of the key/value swarm: what clerks see under every fault is linearizable.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { runKvSwarm } from "./kv_swarm.ts";

/** As many as fit beside the other tests; `deno task sim:kv` runs more. */
const SEEDS = 16;
const SEEDS_PER_TEST = 8;

for (let first = 1; first <= SEEDS; first += SEEDS_PER_TEST) {
  const last = first + SEEDS_PER_TEST - 1;
  Deno.test(`clerks see one copy of the data in seeds ${first} to ${last}`, async () => {
    let operations = 0;
    let unknown = 0;
    for (let seed = first; seed <= last; seed++) {
      const { failure, verdict, ...result } = await runKvSwarm(seed);
      assertEquals(failure, "", `seed ${seed}: ${failure}`);
      assertEquals(verdict, "ok", `seed ${seed}: ${result.operations} operations`);
      operations += result.operations;
      unknown += result.unknown;
    }
    assert(operations > 100 * SEEDS_PER_TEST, `only ${operations} operations`);
    // Without any trouble it is one in a hundred.
    assert(unknown > operations / 20, `only ${unknown} of ${operations} of unknown outcome`);
  });
}

Deno.test("the key/value swarm gives one seed one history", async () => {
  assertEquals(await runKvSwarm(7), await runKvSwarm(7));
});
