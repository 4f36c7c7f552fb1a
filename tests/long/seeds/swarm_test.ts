/**
 * More seeds of the swarm than the quick tests run.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { failureLines } from "../../../cli/trials/sim_command.ts";
import { runSwarm } from "../../swarm/swarm.ts";

const [FIRST, LAST] = [51, 200];

Deno.test(`the swarm passes in seeds ${FIRST} to ${LAST}`, async () => {
  for (let seed = FIRST; seed <= LAST; seed++) {
    assertEquals(failureLines(await runSwarm(seed), "deno task sim"), []);
  }
});
