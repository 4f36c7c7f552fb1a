/**
 * Every scenario of the labs in the simulator, once, with the lab's lines. `deno task lab` runs them
 * with other seeds; each failure names the command that shows it again.
 *
 * @module
 */

import { assertEquals, assertGreater, AssertionError } from "@std/assert";
import { failureLines, runScenario } from "./harness/lab_runner.ts";
import { simArena } from "./harness/sim_arena.ts";
import { labScenarios } from "./scenarios/all.ts";

const SEED = 1;

for (const scenario of labScenarios) {
  Deno.test(`${scenario.name} passes in the simulator`, async () => {
    const result = await runScenario(scenario, {
      arena: simArena,
      seed: SEED,
      wallMs: () => performance.now(),
      print: (line) => console.log(line),
    });
    if (result.failure === null) {
      assertEquals(result.undecided, 0, "a history that nobody judged");
      // Elections alone commit nothing in the lab's profile.
      if (scenario.part !== "3A") assertGreater(result.commits, 0);
      return;
    }
    const again = `deno task lab ${scenario.name} --seed ${SEED}`;
    throw new AssertionError(failureLines(result, again).join("\n"));
  });
}
