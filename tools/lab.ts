/**
 * `deno task lab [3A|3B|3C|3D|name …] [--seed N] [--seeds N] [--jobs N] [--fail-fast] [--json]`: the
 * scenarios of the lab in the simulator, or with `--processes` (and `--keep`) on real processes. Reads
 * the command line; `cli/test_command.ts` does the work.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { type LabOutcome, runLab } from "../cli/test_command.ts";

const exitCodes: Readonly<Record<LabOutcome, number>> = {
  passed: 0,
  failed: 1,
  "nothing chosen": 2,
};

class UsageError extends Error {}

function wholeNumber(flag: string, text: unknown, least = 0): number {
  const value = Number(text);
  if (text !== "" && Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`Cannot use --${flag}: wanted a whole number from ${least} up, got ${text}`);
}

async function main(args: string[]): Promise<number> {
  const flags = parseArgs(args, {
    string: ["_", "seed", "seeds", "jobs"],
    boolean: ["json", "fail-fast", "processes", "keep"],
    unknown: (_arg, key) => {
      if (key !== undefined) throw new UsageError(`Cannot use --${key}: no such flag`);
    },
  });
  const isSeeded = flags.seed !== undefined;
  const seed = isSeeded ? wholeNumber("seed", flags.seed) : Date.now() % 1_000_000;
  if (!isSeeded) console.error(`seed ${seed}`);
  const outcome = await runLab({
    words: flags._.map(String),
    seed,
    seeds: wholeNumber("seeds", flags.seeds ?? "1", 1),
    failFast: flags["fail-fast"] === true,
    processes: flags.processes === true,
    keep: flags.keep === true,
    jobs: wholeNumber("jobs", flags.jobs ?? "1", 1),
    json: flags.json === true,
    self: [Deno.execPath(), "run", "-A", "--no-check", import.meta.url],
    shown: "deno task lab",
  });
  return exitCodes[outcome];
}

try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}
