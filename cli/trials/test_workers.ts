/**
 * Distributes runs to several processes of this program. Each takes a scenario and some seeds at a
 * time and prints one line of JSON for each run.
 *
 * @module
 */

import type { LabResult } from "../../tests/lab/mod.ts";
import { linesOf, selfCommand } from "../table/mod.ts";

/** The runs to distribute. */
export interface Workload {
  readonly names: readonly string[];
  readonly seed: number;
  readonly seeds: number;
  readonly jobs: number;
  readonly processes: boolean;
  readonly keep: boolean;
}

interface Share {
  readonly name: string;
  readonly seed: number;
  readonly seeds: number;
}

/**
 * Runs in one share: few enough that all workers end at about the same time, and enough to be worth
 * a start.
 */
const SEEDS_PER_SHARE_MAX = 50;

/** Runs all shares, at most `jobs` processes at a time, and reports results as they come. */
export async function runInWorkers(
  workload: Workload,
  report: (result: LabResult) => void,
): Promise<void> {
  const shares = sharesOf(workload);
  let next = 0;
  const work = async () => {
    for (let share = shares[next++]; share !== undefined; share = shares[next++]) {
      await runShare(share, workload, report);
    }
  };
  await Promise.all(Array.from({ length: workload.jobs }, work));
}

function sharesOf({ names, seed, seeds }: Workload): readonly Share[] {
  const shares: Share[] = [];
  for (const name of names) {
    for (let done = 0; done < seeds; done += SEEDS_PER_SHARE_MAX) {
      shares.push({ name, seed: seed + done, seeds: Math.min(SEEDS_PER_SHARE_MAX, seeds - done) });
    }
  }
  return shares;
}

async function runShare(
  { name, seed, seeds }: Share,
  { processes, keep }: Workload,
  report: (result: LabResult) => void,
): Promise<void> {
  const [program, ...args] = selfCommand();
  args.push("test", name, "--seed", `${seed}`, "--seeds", `${seeds}`, "--json");
  if (processes) args.push("--processes");
  if (keep) args.push("--keep");
  const child = new Deno.Command(program!, { args, stdout: "piped", stderr: "inherit" }).spawn();
  let results = 0;
  for await (const line of linesOf(child.stdout)) {
    report(JSON.parse(line) as LabResult);
    results++;
  }
  const { code } = await child.status;
  if (results !== seeds) {
    throw new Error(
      `Cannot finish ${name}: wanted ${seeds} results, got ${results} and exit code ${code}`,
    );
  }
}
