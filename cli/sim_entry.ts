/**
 * `kontiki sim` and `kontiki fuzz`: the flags of {@linkcode runSim} and {@linkcode runFuzz}.
 *
 * @module
 */

import type { CommandContext, Ending } from "./command.ts";
import { UsageError } from "./command.ts";
import { selfCommand } from "./self_command.ts";
import { runFuzz, runSim, simExitCodes } from "./sim_command.ts";
import { untilInterrupted } from "./until_interrupted.ts";

/** Runs one seed, or seeds until time is up. */
export async function run(context: CommandContext): Promise<Ending> {
  const { options, output } = context;
  const print = (line: string): void => output.line(line);
  const count = options.number("nodes");
  const nodes = count === null ? {} : { nodes: count };
  const [word] = options.positional;
  if (options.command.name === "sim") {
    const seed = word === undefined ? newSeed() : wholeNumber("SEED", word);
    const quiet = options.boolean("quiet");
    const work = runSim({ seed, quiet, shown: "kontiki sim", print, ...nodes });
    return simExitCodes[await untilInterrupted(context, work)];
  }
  const work = runFuzz({
    minutes: word === undefined ? 1 : positiveNumber("MINUTES", word),
    first: options.number("first") ?? newSeed(),
    step: options.number("step")!,
    jobs: options.number("jobs") ?? Math.max(1, navigator.hardwareConcurrency - 1),
    json: output.isJson,
    self: [...selfCommand(), "fuzz"],
    shown: "kontiki sim",
    print,
    ...nodes,
  });
  return simExitCodes[await untilInterrupted(context, work)];
}

function newSeed(): number {
  return Math.floor(Math.random() * 1_000_000_000);
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new UsageError(`Cannot read ${name}: wanted a whole number, got "${text}"`, "sim");
}

function positiveNumber(name: string, text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value > 0) return value;
  throw new UsageError(`Cannot read ${name}: wanted a number above 0, got "${text}"`, "fuzz");
}
