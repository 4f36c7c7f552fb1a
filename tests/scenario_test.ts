/**
 * Every scenario of lab 3 in the simulator, once, with the lab's lines. `deno task lab` runs them
 * with other seeds; each failure names the command that shows it again.
 *
 * @module
 */

import { AssertionError } from "@std/assert";
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
    if (result.failure === null) return;
    const again = `deno task lab ${scenario.name} --seed ${SEED}`;
    throw new AssertionError(failureLines(result, again).join("\n"));
  });
}
