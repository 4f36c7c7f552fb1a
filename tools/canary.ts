/**
 * `deno task canary [--only RULE] [--jobs N]`: plants every bug of `tests/canaries/` in a copy of
 * the tree and requires that a check notices it. First the checks run on a clean copy, where they
 * must pass. Ends with a table; exit code 1 if a bug was not noticed, 2 for a wrong command line or
 * a patch that does not fit.
 *
 * Only a failed assertion, invariant or scenario counts. Code that does not load or fails with a
 * type error has not been noticed by a check.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { formatTable } from "../cli/table/mod.ts";
import { allCanaries } from "../tests/canaries/all.ts";
import { type Canary, isViolation, misfit } from "../tests/canaries/canary.ts";
import { TreeCopy } from "./mutation/tree_copy.ts";

/** The result for one planted bug. */
interface Outcome {
  readonly canary: Canary;
  /** The check that noticed it; `null` if none did. */
  readonly caughtBy: string | null;
  /** The number of seeds it took, for checks with seeds. */
  readonly seeds: number | null;
  readonly seconds: number;
  /** Output of the last check. */
  readonly output: string;
}

/** Each bug must be noticed within this time. */
const BUDGET_SECONDS = 60;
const CONTROL_SECONDS = 300;
const ROOT = new URL("../", import.meta.url);

class UsageError extends Error {}

/**
 * Runs a check in a copy of the tree; returns its exit code and output. It first stops at the first
 * failure; if that is not a violation, a later test may still find one.
 */
async function runCheck(
  copy: TreeCopy,
  caughtBy: string,
  seconds: number,
): Promise<{ code: number; output: string }> {
  const args = commandOf(caughtBy);
  const begin = performance.now();
  const fast = args[0] === "test" ? ["test", "--fail-fast", ...args.slice(1)] : args;
  const end = await copy.run(fast, seconds * 1000);
  const leftMs = seconds * 1000 - (performance.now() - begin);
  if (fast === args || end.code === 0 || isViolation(end) || leftMs <= 0) return end;
  return await copy.run(args, leftMs);
}

/** The arguments of Deno that run a check. */
function commandOf(caughtBy: string): string[] {
  const [first = "", ...rest] = caughtBy.split(" ");
  const run = ["run", "-A"];
  if (first === "lab") {
    return [...run, "cli/main.ts", "test", ...rest, "--seed", "1", "--fail-fast"];
  }
  if (first === "sim") return [...run, "tools/swarm_seeds.ts", ...rest.slice(1)];
  return ["test", "-A", "--no-check", "--quiet", first, ...rest];
}

/** Throws unless every patch fits exactly one place. */
function checkPatches(canaries: readonly Canary[]): void {
  const misfits = canaries.map((canary) =>
    misfit(canary, Deno.readTextFileSync(new URL(canary.file, ROOT)))
  ).filter((problem) => problem !== null);
  if (misfits.length > 0) throw new UsageError(misfits.join("\n"));
}

/** Runs each check on a clean copy; throws when one fails twice, as real time may be short once. */
async function control(copies: readonly TreeCopy[], checks: readonly string[]): Promise<void> {
  let next = 0;
  await Promise.all(copies.map(async (copy) => {
    for (let check = checks[next++]; check !== undefined; check = checks[next++]) {
      const begin = performance.now();
      let { code, output } = await runCheck(copy, check, CONTROL_SECONDS);
      if (code !== 0) ({ code, output } = await runCheck(copy, check, CONTROL_SECONDS));
      const seconds = (performance.now() - begin) / 1000;
      console.error(`control  ${check}  ${seconds.toFixed(1)} s`);
      if (code === 0) continue;
      throw new Error(`Cannot use ${check}: it fails on the clean tree\n${output.slice(-2_000)}`);
    }
  }));
}

async function plant(copy: TreeCopy, canary: Canary): Promise<Outcome> {
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  let output = "";
  let caughtBy: string | null = null;
  const clean = copy.read(canary.file);
  copy.write(canary.file, clean.replace(canary.find, () => canary.replace));
  for (const check of canary.caughtBy) {
    const left = BUDGET_SECONDS - seconds();
    if (caughtBy !== null || left <= 0) break;
    const end = await runCheck(copy, check, left);
    output = end.output;
    if (isViolation(end)) caughtBy = check;
  }
  copy.write(canary.file, clean);
  const seed = /^--- FAIL: .*, seed (\d+)/m.exec(output)?.[1] ??
    /(\d+) seeds? run/.exec(output)?.[1];
  const seeds = caughtBy === null || seed === undefined ? null : Number(seed);
  return { canary, caughtBy, seeds, seconds: seconds(), output };
}

async function plantAll(
  copies: readonly TreeCopy[],
  canaries: readonly Canary[],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = 0;
  await Promise.all(copies.map(async (copy) => {
    for (let at = next++; at < canaries.length; at = next++) {
      const outcome = await plant(copy, canaries[at]!);
      outcomes[at] = outcome;
      const { rule, bug } = outcome.canary;
      console.error(`${outcome.caughtBy === null ? "MISSED " : "caught "} ${rule}  ${bug}`);
      if (outcome.caughtBy === null) console.error(indent(outcome.output.slice(-1_000)));
    }
  }));
  return outcomes;
}

function indent(text: string): string {
  return text.split("\n").map((line) => `    ${line}`).join("\n");
}

async function main(args: string[]): Promise<number> {
  const flags = parseArgs(args, {
    string: ["only", "jobs"],
    unknown: (arg) => {
      throw new UsageError(`Cannot use ${arg}: wanted --only RULE or --jobs N`);
    },
  });
  const only = typeof flags.only === "string" ? flags.only : null;
  const jobs = Number(flags.jobs ?? "2");
  if (!Number.isInteger(jobs) || jobs < 1) {
    throw new UsageError(`Cannot use --jobs: wanted a whole number from 1 up, got ${flags.jobs}`);
  }
  const canaries = allCanaries.filter(({ rule }) => only === null || rule === only);
  if (canaries.length === 0) throw new UsageError(`Cannot find a canary of rule ${only}`);
  checkPatches(canaries);
  const begin = performance.now();
  const never = new AbortController().signal;
  const copies = await Promise.all(Array.from({ length: jobs }, () => TreeCopy.make(never)));
  try {
    await control(copies, [...new Set(canaries.flatMap(({ caughtBy }) => caughtBy))]);
    const outcomes = await plantAll(copies, canaries);
    return report(outcomes, (performance.now() - begin) / 1000);
  } finally {
    for (const copy of copies) await copy.remove();
  }
}

function report(outcomes: readonly Outcome[], seconds: number): number {
  const rows = outcomes.map((outcome) => [
    outcome.canary.rule,
    outcome.canary.bug,
    outcome.caughtBy ?? "NOT CAUGHT",
    outcome.seeds === null ? "" : String(outcome.seeds),
    outcome.seconds.toFixed(1),
  ]);
  const left = ["rule", "bug", "caught by"].map((title) => ({ title }));
  const right = ["seeds", "seconds"].map((title) => ({ title, align: "right" as const }));
  for (const line of formatTable([...left, ...right], rows)) console.log(line);
  const missed = outcomes.filter(({ caughtBy }) => caughtBy === null).length;
  console.log(
    `${outcomes.length} bugs planted, ${missed} not caught within ${BUDGET_SECONDS} s each; ` +
      `${seconds.toFixed(0)} s in all`,
  );
  return missed === 0 ? 0 : 1;
}

try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}
