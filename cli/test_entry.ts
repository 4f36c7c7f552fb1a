/**
 * `kontiki test`: the flags of {@linkcode runLab}.
 *
 * @module
 */

import type { CommandContext } from "./command.ts";
import type { ExitReason } from "./exit_codes.ts";
import { selfCommand } from "./self_command.ts";
import { type LabOutcome, runLab } from "./test_command.ts";

const reasons: Readonly<Record<LabOutcome, ExitReason>> = {
  passed: "ok",
  failed: "failure",
  "nothing chosen": "usage",
};

/** Runs the scenarios that were named. */
export async function run({ options, output }: CommandContext): Promise<ExitReason> {
  const seed = options.number("seed") ?? Date.now() % 1_000_000;
  if (options.number("seed") === null) output.note(`seed ${seed}`);
  return reasons[
    await runLab({
      words: options.positional,
      seed,
      seeds: options.number("seeds")!,
      failFast: options.boolean("fail-fast"),
      jobs: options.number("jobs")!,
      processes: options.boolean("processes"),
      keep: options.boolean("keep"),
      json: output.isJson,
      self: [...selfCommand(), "test"],
      shown: "kontiki test",
    })
  ];
}
