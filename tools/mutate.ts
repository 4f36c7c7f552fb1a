/**
 * `deno task mutate [PATH ...] [--changed | --sample N --seed S] [--jobs N]`: makes small mechanical
 * changes to the product's own lines, one at a time in a copy of the tree, and runs the tests nearest
 * to each until one fails. What no test notices is printed with its place; it wants a test, or an
 * entry with a reason in `tools/mutation/accepted.ts`. Exit code 1 if anything else survived, 2 for a
 * wrong command line, 130 after Ctrl-C.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { projectFiles, type SourceFile } from "../tests/tidy/project_files.ts";
import { ACCEPTED } from "./mutation/accepted.ts";
import type { Edit } from "./mutation/mutants.ts";
import {
  changedLines,
  failedFiles,
  isStumble,
  type Mutant,
  mutantsOf,
  percent,
  plant,
  reasonFor,
  sampleOf,
  type Stage,
  stagesOf,
} from "./mutation/plan.ts";
import { type Run, TreeCopy } from "./mutation/tree_copy.ts";

type Fate = "killed" | "survived" | "accepted" | "not counted";

interface Diagnostics {
  readonly diagnostics: readonly { readonly filename: string; readonly message: string }[];
}

const USAGE = "wanted [PATH ...] [--changed | --sample N --seed S] [--jobs N]";
const PRODUCT = /^(?:raft|kv|net|cli)\/.*(?<!_test|_bench|\/mod)\.ts$/;
const LINT_MS = 120_000;
const CLEAN_RUN_MS = 600_000;
const ROOT = new URL("../", import.meta.url);

class UsageError extends Error {}

/** All mutants of these files: one run of `deno lint` finds them. */
async function findMutants(copy: TreeCopy, files: readonly string[]): Promise<Mutant[]> {
  const lint = {
    plugins: ["./tools/mutation/mutants.ts"],
    rules: { tags: [], include: ["mutants/all"] },
  };
  copy.write("mutants.json", JSON.stringify({ lint }));
  const { output } = await copy.run(["lint", "--json", "-c", "mutants.json", ...files], LINT_MS);
  const end = output.lastIndexOf("\n}") + 2;
  const { diagnostics } = JSON.parse(output.slice(output.indexOf("{"), end)) as Diagnostics;
  return files.flatMap((file) => {
    const own = diagnostics.filter(({ filename }) => filename.endsWith(`/${file}`));
    return mutantsOf(file, copy.read(file), own.map(({ message }) => JSON.parse(message) as Edit));
  });
}

/** Milliseconds that a stage takes without a mutant, by its name; `null`: it fails, and is left out. */
type CleanTimes = Map<string, number | null>;

/** Runs tests, and knows how long they take on a clean tree. */
class Tester {
  readonly #copy: TreeCopy;
  readonly #cleanMs: CleanTimes;

  constructor(copy: TreeCopy, cleanMs: CleanTimes) {
    this.#copy = copy;
    this.#cleanMs = cleanMs;
  }

  /** What becomes of the mutant. */
  async try({ file, edit }: Mutant, tests: readonly SourceFile[]): Promise<Fate> {
    const clean = this.#copy.read(file);
    for (const stage of stagesOf(file, tests)) {
      const cleanMs = await this.#timeOf(stage);
      if (cleanMs === null) continue;
      this.#copy.write(file, plant(clean, edit));
      const run = await this.#test(stage.tests, 4 * cleanMs + 10_000);
      this.#copy.write(file, clean);
      if (run.code === 0 && !run.isCut) continue;
      return isStumble(run.output) ? "not counted" : "killed";
    }
    return "survived";
  }

  async #timeOf({ name, tests }: Stage): Promise<number | null> {
    const known = this.#cleanMs.get(name);
    if (known !== undefined) return known;
    const begin = performance.now();
    const { code, output, isCut } = await this.#test(tests, CLEAN_RUN_MS);
    const isGood = code === 0 && !isCut;
    if (!isGood) console.error(`${output}\nleft out, as it fails without a mutant: ${name}`);
    const ms = isGood ? performance.now() - begin : null;
    this.#cleanMs.set(name, ms);
    return ms;
  }

  /** Files that fail run once more alone: on a busy machine a test may fail for want of time. */
  async #test(files: readonly string[], timeoutMs: number): Promise<Run> {
    const args = ["test", "-A", "--no-check", "--quiet", "--fail-fast", "--parallel"];
    const run = await this.#copy.run([...args, ...files], timeoutMs);
    const failed = failedFiles(run.output);
    if (run.isCut || failed.length === 0) return run;
    return await this.#copy.run([...args, ...failed], timeoutMs);
  }
}

async function git(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("git", { args, cwd: ROOT }).output();
  const text = new TextDecoder();
  if (code !== 0) throw new UsageError(`Cannot use --changed: ${text.decode(stderr).trim()}`);
  return text.decode(stdout).trim();
}

/** What differs from the main branch; on it, from its last commit, or the last commit itself. */
async function diffToMain(): Promise<string> {
  const [base, head] = [await git("merge-base", "HEAD", "main"), await git("rev-parse", "HEAD")];
  const isClean = (await git("status", "--porcelain")) === "";
  return await git("diff", "--unified=0", base === head && isClean ? "HEAD~1" : base);
}

/** The mutants that the command line asks for. */
async function choose(mutants: Mutant[], flags: Flags): Promise<Mutant[]> {
  if (flags.changed) {
    const changed = changedLines(await diffToMain());
    return mutants.filter(({ file, line }) => changed.get(file)?.has(line) ?? false);
  }
  return flags.sample === null ? mutants : sampleOf(mutants, flags.sample, flags.seed);
}

interface Flags {
  readonly paths: readonly string[];
  readonly changed: boolean;
  readonly sample: number | null;
  readonly seed: number;
  readonly jobs: number;
}

function parseFlags(args: string[]): Flags {
  const flags = parseArgs(args, {
    boolean: ["changed"],
    string: ["sample", "seed", "jobs"],
    unknown: (arg) => {
      if (arg.startsWith("-")) throw new UsageError(`Cannot use ${arg}: ${USAGE}`);
    },
  });
  const whole = (name: "sample" | "seed" | "jobs", least: number): number | null => {
    const text = flags[name];
    if (text === undefined) return null;
    const number = Number(text);
    if (Number.isSafeInteger(number) && number >= least && text !== "") return number;
    throw new UsageError(
      `Cannot use --${name}: wanted a whole number from ${least} up, got ${text}`,
    );
  };
  const sample = whole("sample", 1);
  if (flags.changed && sample !== null) {
    throw new UsageError(`Cannot use --changed with --sample: ${USAGE}`);
  }
  return {
    paths: flags._.map(String),
    changed: flags.changed,
    sample,
    seed: whole("seed", 0) ?? 1,
    jobs: whole("jobs", 1) ?? 1,
  };
}

async function main(args: string[], signal: AbortSignal): Promise<number> {
  const flags = parseFlags(args);
  const sources = projectFiles([".ts"]);
  const files = sources.map(({ path }) => path);
  const product = files.filter((file) =>
    PRODUCT.test(file) &&
    (flags.paths.length === 0 || flags.paths.some((path) => file.startsWith(path)))
  );
  if (product.length === 0) {
    throw new UsageError(`Cannot mutate: wanted files of the product, got ${flags.paths}`);
  }
  const tests = sources.filter(({ path }) => path.endsWith("_test.ts"));
  const copies = await Promise.all(Array.from({ length: flags.jobs }, () => TreeCopy.make(signal)));
  try {
    const found = await findMutants(copies[0]!, product);
    const chosen = await choose(found, flags);
    console.error(
      `${found.length} mutants of ${product.length} files, ${chosen.length} to try, ` +
        `seed ${flags.seed}`,
    );
    const fates = await tryAll(copies, { chosen, tests, signal });
    return report(fates, signal);
  } finally {
    for (const copy of copies) await copy.remove();
  }
}

interface Work {
  readonly chosen: readonly Mutant[];
  readonly tests: readonly SourceFile[];
  readonly signal: AbortSignal;
}

async function tryAll(
  copies: readonly TreeCopy[],
  { chosen, tests, signal }: Work,
): Promise<Map<Fate, number>> {
  const fates = new Map<Fate, number>();
  const cleanMs: CleanTimes = new Map();
  let next = 0;
  await Promise.all(copies.map(async (copy) => {
    const tester = new Tester(copy, cleanMs);
    for (let at = next++; at < chosen.length; at = next++) {
      const mutant = chosen[at]!;
      const begin = performance.now();
      const reason = reasonFor(mutant, ACCEPTED);
      const fate = reason === null ? await tester.try(mutant, tests) : "accepted";
      if (signal.aborted) return;
      fates.set(fate, (fates.get(fate) ?? 0) + 1);
      const seconds = ((performance.now() - begin) / 1000).toFixed(1);
      const line = `${mutant.file}:${mutant.line}  ${mutant.change}`;
      if (fate === "survived") console.log(`SURVIVED  ${line}\n          in: ${mutant.code}`);
      else console.error(`${at + 1}/${chosen.length}  ${fate}  ${line}  (${seconds} s)`);
    }
  }));
  return fates;
}

function report(fates: ReadonlyMap<Fate, number>, signal: AbortSignal): number {
  const count = (fate: Fate): number => fates.get(fate) ?? 0;
  const killed = count("killed");
  const counted = killed + count("survived") + count("accepted");
  console.log(
    `${counted} mutants: ${killed} killed (${percent(killed, counted)}), ` +
      `${count("survived")} survived, ${count("accepted")} accepted with a reason` +
      (signal.aborted ? "; interrupted" : ""),
  );
  if (signal.aborted) return 130;
  return count("survived") === 0 ? 0 : 1;
}

const interrupt = new AbortController();
Deno.addSignalListener("SIGINT", () => interrupt.abort());
try {
  Deno.exit(await main(Deno.args, interrupt.signal));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}
