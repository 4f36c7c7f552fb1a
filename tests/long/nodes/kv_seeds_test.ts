/**
 * Seeds of the key/value swarm that have failed once, and take too long for every run.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { passingKvSwarm } from "../../seeds/seed_pages.ts";

const SEEDS: readonly (readonly [number, string])[] = [
  [1105, "a watch stayed for a minute with a node far behind"],
];

for (const [seed, what] of SEEDS) {
  Deno.test(`seed ${seed} of the key/value swarm: ${what}`, async () => {
    assertEquals((await passingKvSwarm(seed)).failure, "");
  });
}
