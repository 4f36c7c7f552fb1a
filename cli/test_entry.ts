/**
 * `kontiki test`: the flags of {@linkcode runLab}.
 *
 * @module
 */

import type { CommandContext } from "./command.ts";
import type { ExitReason } from "./exit_codes.ts";
import { selfCommand } from "./self_command.ts";
import { type LabOutcome, runLab } from "./test_command.ts";
import { untilInterrupted } from "./until_interrupted.ts";

const reasons: Readonly<Record<LabOutcome, ExitReason>> = {
  passed: "ok",
  failed: "failure",
  "nothing chosen": "usage",
};

/** Runs the scenarios that were named. */
export async function run(context: CommandContext): Promise<ExitReason> {
  const { options, output } = context;
  const seed = options.number("seed") ?? Date.now() % 1_000_000;
  if (options.number("seed") === null) output.note(`seed ${seed}`);
  const work = runLab({
    words: options.positional,
    seed,
    seeds: options.number("seeds")!,
    failFast: options.boolean("fail-fast"),
    jobs: options.number("jobs")!,
    processes: options.boolean("processes"),
    keep: options.boolean("keep"),
    json: output.isJson,
    self: [...selfCommand(), "test"],
  });
  return reasons[await untilInterrupted(context, work)];
}
