/**
 * `deno task sim [SEED] [--quiet] [--nodes N]`: one seed of the swarm with its trace; without a seed a
 * new one, printed first. `deno task fuzz [MINUTES] [--jobs N] [--first SEED] [--nodes N] [--json]`: seeds
 * until time is up. Reads the command line; `cli/sim_command.ts` does the work.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { runFuzz, runSim, simExitCodes } from "../cli/sim_command.ts";

class UsageError extends Error {}

function number(name: string, text: unknown, least = 0): number {
  const value = Number(text);
  if (String(text).trim() !== "" && Number.isFinite(value) && value >= least) return value;
  throw new UsageError(`Cannot use ${name}: wanted a number from ${least} up, got ${text}`);
}

function newSeed(): number {
  return Math.floor(Math.random() * 1_000_000_000);
}

async function main([mode, ...args]: string[]): Promise<number> {
  const flags = parseArgs(args, {
    string: ["_", "jobs", "first", "step", "nodes"],
    boolean: ["json", "quiet"],
    unknown: (_arg, key) => {
      if (key !== undefined) throw new UsageError(`Cannot use --${key}: no such flag`);
    },
  });
  const print = (line: string) => console.log(line);
  const nodes = flags.nodes === undefined ? {} : { nodes: number("--nodes", flags.nodes, 1) };
  const [word] = flags._;
  if (mode === "sim") {
    const seed = word === undefined ? newSeed() : number("the seed", word);
    const request = { seed, quiet: flags.quiet === true, shown: "deno task sim", print, ...nodes };
    return simExitCodes[await runSim(request)];
  }
  const outcome = await runFuzz({
    minutes: word === undefined ? 1 : number("the minutes", word),
    first: flags.first === undefined ? newSeed() : number("--first", flags.first),
    step: number("--step", flags.step ?? "1", 1),
    jobs: number("--jobs", flags.jobs ?? `${Math.max(1, navigator.hardwareConcurrency - 1)}`, 1),
    json: flags.json === true,
    self: [Deno.execPath(), "run", "-A", "--no-check", import.meta.url, "fuzz"],
    shown: "deno task sim",
    print,
    ...nodes,
  });
  return simExitCodes[outcome];
}

try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}
