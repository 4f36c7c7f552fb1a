/**
 * Runs every scenario of the labs once in the simulator. `deno task lab` runs them with other
 * seeds; each failure names the command that reproduces it.
 *
 * @module
 */

import { assertEquals, assertGreater, AssertionError } from "@std/assert";
import { type Arena, failureLines, runScenario } from "../lab/lab_runner.ts";
import { labPage } from "../seeds/lab_page.ts";
import { simArena } from "../lab/sim_arena.ts";
import { labScenarios } from "./mod.ts";

const SEED = 1;

/** The simulator, with counts of crashes and cuts. */
function watched(seen: { crashes: number; cuts: number }): Arena {
  return {
    run: (setup, play) =>
      simArena.run(setup, (cluster) => {
        const { crash, setFaults } = cluster;
        cluster.crash = (id) => {
          seen.crashes++;
          return crash.call(cluster, id);
        };
        cluster.setFaults = (faults) => {
          if (faults.blocked !== undefined && faults.blocked.length > 0) seen.cuts++;
          return setFaults.call(cluster, faults);
        };
        return play(cluster);
      }),
  };
}

for (const scenario of labScenarios) {
  Deno.test(`${scenario.name} passes in the simulator`, async () => {
    const seen = { crashes: 0, cuts: 0 };
    const result = await runScenario(scenario, {
      arena: watched(seen),
      seed: SEED,
      wallMs: () => performance.now(),
      print: (line) => console.log(line),
    });
    if (result.failure === null) {
      assertEquals(result.undecided, 0, "a history without a verdict");
      // In the lab's profile an election commits nothing.
      if (scenario.part !== "3A") assertGreater(result.commits, 0);
      if (scenario.title.includes("restarts")) assertGreater(seen.crashes, 0);
      if (scenario.title.includes("partitions")) assertGreater(seen.cuts, 0);
      return;
    }
    const again = `deno task lab ${scenario.name} --seed ${SEED}`;
    const { name, html } = await labPage(scenario, SEED);
    const path = `${await Deno.makeTempDir({ prefix: "kontiki-failed-lab-" })}/${name}`;
    await Deno.writeTextFile(path, html);
    const lines = [...failureLines(result, again), `to look at: ${path}`];
    throw new AssertionError(lines.join("\n"));
  });
}
