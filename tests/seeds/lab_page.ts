/**
 * A scenario that failed in the simulator, as a page to look at.
 *
 * @module
 */

import type { Scenario } from "../cluster/mod.ts";
import { seedPage, SeedRecorder } from "../pages/mod.ts";
import { runScenario, tracedArena } from "../lab/mod.ts";

/** A page, with the name of its file. */
export interface LabPage {
  readonly name: string;
  readonly html: string;
}

/** Runs a scenario once more, the same, and draws it. */
export async function labPage(scenario: Scenario, seed: number): Promise<LabPage> {
  const recorder = new SeedRecorder();
  const result = await runScenario(scenario, {
    arena: tracedArena((at, event) => recorder.record(at, event)),
    seed,
    wallMs: () => performance.now(),
    print: () => {},
  });
  const facts = [
    `${result.peers} nodes`,
    `${result.seconds.toFixed(1)} s`,
    `${result.commits.toLocaleString("en")} committed`,
  ];
  const title = `${scenario.name}, seed ${seed}`;
  const html = seedPage({ title, detail: result.failure ?? "", facts, data: recorder.data() });
  return { name: `${scenario.name}-${seed}.html`, html };
}
