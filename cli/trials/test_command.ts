/**
 * `kontiki test`: scenarios of the lab, in the simulator or on real processes: once with the lab's
 * lines, with many seeds, or shared out to several workers. `tests/lab/lab_runner.ts` runs the
 * scenarios; this chooses them and prints the results.
 *
 * @module
 */

import {
  chooseScenarios,
  failureLines,
  type LabResult,
  runScenario,
  simArena,
} from "../../tests/lab/mod.ts";
import type { Scenario } from "../../tests/cluster/mod.ts";
import { labPage } from "../../tests/seeds/mod.ts";
import { ProcessArena } from "../../tests/processes/mod.ts";
import { labScenarios } from "../../tests/scenarios/mod.ts";
import { attempt, type CommandContext, type ExitReason, untilInterrupted } from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";
import { LabTally } from "./test_tally.ts";
import { runInWorkers } from "./test_workers.ts";

/** So many failures are drawn; more of them are rarely looked at. */
const PAGES_MAX = 10;

/** The scenarios to run, and how. */
interface LabRequest {
  /** Parts, names or pieces of names and titles; none: the whole lab of the present edition. */
  readonly words: readonly string[];
  /** The first seed. */
  readonly seed: number;
  /** How many seeds, one after the other from the first. */
  readonly seeds: number;
  /** Ends with the first failure. Only within one process. */
  readonly failFast: boolean;
  /** How many workers to use. */
  readonly jobs: number;
  /** Runs on real processes instead of the simulator. */
  readonly processes: boolean;
  /** With processes: leaves the folder of a failed run, with the logs of its nodes. */
  readonly keep: boolean;
  /** The folder for pages of runs that failed in the simulator. */
  readonly pages: string;
  /** Prints one JSON value for each run, instead of lines for people. */
  readonly json: boolean;
}

/** Runs the scenarios that were named. */
export async function run(context: CommandContext<Row<"test">>): Promise<ExitReason> {
  const { options, output, args } = context;
  const seed = options.seed ?? Date.now() % 1_000_000;
  if (options.seed === null) output.note(`seed ${seed}`);
  const { seeds, failFast, jobs, processes, keep, pages } = options;
  const { isJson: json } = output;
  const how = { words: args.scenario, seed, seeds, failFast, jobs, processes };
  return await untilInterrupted(context, runLab({ ...how, keep, pages, json }));
}

/** Prints results to standard output, progress to standard error. */
async function runLab(request: LabRequest): Promise<ExitReason> {
  const chosen = chooseScenarios(labScenarios, request.words);
  if (chosen.length === 0) {
    const parts = [...new Set(labScenarios.map(({ part }) => part))].join(", ");
    console.error(
      `Cannot find a scenario: wanted a part (${parts}) or part of a name or title, ` +
        `got ${request.words.join(" ")}`,
    );
    return "usage";
  }
  const tally = new LabTally(chosen, { seeds: request.seeds, silent: request.json });
  const failed: LabResult[] = [];
  const report = (result: LabResult) => {
    tally.add(result);
    if (result.failure !== null) failed.push(result);
    if (request.json) console.log(JSON.stringify(result));
    else if (result.failure !== null) printFailure(result, request);
  };
  if (request.jobs > 1) {
    const names = chosen.map(({ name }) => name);
    await runInWorkers({ ...request, names }, report);
  } else {
    await runHere(chosen, request, report);
  }
  if (!request.json) {
    for (const result of failed.slice(0, PAGES_MAX)) await writeLabPage(result, request);
    console.log(tally.lines().join("\n"));
  }
  return tally.failures === 0 ? "ok" : "failure";
}

/** Runs all scenarios seed by seed, so that a common fault shows early. */
async function runHere(
  scenarios: readonly Scenario[],
  { seed, seeds, json, failFast, processes, keep }: LabRequest,
  report: (result: LabResult) => void,
): Promise<void> {
  const arena = processes ? new ProcessArena({ keep }) : simArena;
  const isLoud = seeds === 1 && !json;
  for (let at = seed; at < seed + seeds; at++) {
    for (const scenario of scenarios) {
      const result = await runScenario(scenario, {
        arena,
        seed: at,
        wallMs: () => performance.now(),
        print: (line) => isLoud && console.log(line),
      });
      report(result);
      if (failFast && result.failure !== null) return;
    }
  }
}

/** Runs a scenario that failed once more, and writes its page. Processes do not run the same again. */
async function writeLabPage(
  { name, seed }: LabResult,
  { processes, pages }: LabRequest,
): Promise<void> {
  const scenario = labScenarios.find((each) => each.name === name);
  if (processes || scenario === undefined) return;
  const page = await labPage(scenario, seed);
  const path = `${pages}/${page.name}`;
  await attempt(`write ${path}`, async () => {
    await Deno.mkdir(pages, { recursive: true });
    await Deno.writeTextFile(path, page.html);
  });
  console.log(`${name}, seed ${seed}, to look at: ${path}`);
}

function printFailure(result: LabResult, { processes }: LabRequest): void {
  const flags = processes ? " --processes" : "";
  const again = `kontiki test ${result.name} --seed ${result.seed}${flags}`;
  console.log(failureLines(result, again).join("\n"));
}
