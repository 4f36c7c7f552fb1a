/**
 * More seeds of the swarm than the quick tests run.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { passingSwarm } from "../../seeds/seed_pages.ts";

const [FIRST, LAST] = [51, 200];

Deno.test(`the swarm passes in seeds ${FIRST} to ${LAST}`, async () => {
  for (let seed = FIRST; seed <= LAST; seed++) {
    assertEquals((await passingSwarm(seed)).outcome, "passed");
  }
});
