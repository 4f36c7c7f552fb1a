/**
 * Distributes seeds to several processes of this program. Each takes every n-th seed and reports
 * its progress once a second as a line of JSON.
 *
 * @module
 */

import type { PlanOptions, runSwarm, SwarmResult } from "../../tests/swarm/mod.ts";
import { linesOf, selfCommand } from "../table/mod.ts";

/** Many seeds, one after the other. */
export interface FuzzRequest {
  readonly minutes: number;
  readonly first: number;
  /** From one seed to the next; more than 1 when several share the work. @default {1} */
  readonly step?: number;
  /** How many processes to use. */
  readonly jobs: number;
  /** What overrules the seeds. */
  readonly plan?: PlanOptions;
  /** Prints plain values for another process instead of lines for people. */
  readonly json: boolean;
  /** Writes the page of a seed that failed, and returns where. Not called with `json`. */
  readonly writePage?: (name: string, html: string) => Promise<string>;
  /** Runs a seed. @default {runSwarm} */
  readonly run?: typeof runSwarm;
  readonly print: (line: string) => void;
}

/** The summed results of seeds. */
export interface FuzzTotals {
  readonly seeds: number;
  readonly virtualMs: number;
  readonly events: number;
  readonly committed: number;
  /** Seeds in which a change of members was committed, and the entries of such changes. */
  readonly seedsWithChanges: number;
  readonly memberChanges: number;
  readonly readsConfirmed: number;
  readonly recoveryMsMax: number;
  readonly failures: number;
  /** Processor time of the processes that ran them. */
  readonly cpuMs: number;
}

/** The flags that overrule a seed in the same way. */
export function planFlags({ nodes, members = false }: PlanOptions): readonly string[] {
  return [...nodes === undefined ? [] : ["--nodes", `${nodes}`], ...members ? ["--members"] : []];
}

/** Runs the seeds in `jobs` processes and passes on their reports. */
export async function shareFuzz(
  request: FuzzRequest,
  report: (more: FuzzTotals, failure: SwarmResult | null) => void,
): Promise<void> {
  await Promise.all(
    Array.from({ length: request.jobs }, (_, place) => work(request, place, report)),
  );
}

async function work(
  { minutes, first, jobs, plan = {} }: FuzzRequest,
  place: number,
  report: (more: FuzzTotals, failure: SwarmResult | null) => void,
): Promise<void> {
  const [program, ...args] = selfCommand();
  args.push("fuzz", `${minutes}`, "--first", `${first + place}`, "--step", `${jobs}`);
  args.push("--jobs", "1", "--json", ...planFlags(plan));
  const child = new Deno.Command(program!, { args, stdout: "piped", stderr: "inherit" }).spawn();
  for await (const line of linesOf(child.stdout)) {
    const { totals, failure } = JSON.parse(line);
    report(totals, failure);
  }
  await child.status;
}
