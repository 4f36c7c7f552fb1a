/**
 * `kontiki sim` and `kontiki fuzz`: seeds in the simulator, one with its readable trace, or many
 * until time is up. `tests/swarm/swarm.ts` runs them and decides what a fault is; this prints the
 * results.
 *
 * @module
 */

import { cpuUsage } from "node:process";
import {
  type PlanOptions,
  runSwarm,
  type SwarmOutcome,
  type SwarmResult,
} from "../../tests/swarm/mod.ts";
import { SeedRecorder } from "../../tests/pages/mod.ts";
import { swarmPage } from "../../tests/seeds/mod.ts";
import { attempt, type CommandCode, type ExitReason, untilInterrupted } from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";
import { type FuzzRequest, type FuzzTotals, planFlags, shareFuzz } from "./sim_workers.ts";

/** One seed, and how to show it. */
export interface SimRequest {
  readonly seed: number;
  /** Only the summary, without the trace. */
  readonly quiet: boolean;
  /** What overrules the seed. */
  readonly plan?: PlanOptions;
  readonly print: (line: string) => void;
  /** Receives the text of a page that shows the run. */
  readonly writePage?: (html: string) => Promise<void>;
}

/** The totals before anything was run. */
export const noTotals: FuzzTotals = {
  seeds: 0,
  virtualMs: 0,
  events: 0,
  committed: 0,
  seedsWithChanges: 0,
  memberChanges: 0,
  readsConfirmed: 0,
  recoveryMsMax: 0,
  failures: 0,
  cpuMs: 0,
};

/** The number of failures at which `fuzz` ends early. */
const FAILURES_MAX = 10;
const SUMMARY_MS = 1_000;

/** The command line that repeats a seed. */
const REPLAY = "kontiki sim";

/** `kontiki sim`. */
export const sim: CommandCode<Row<"sim">> = {
  run: async (context) => {
    const { options, output, args: { seed } } = context;
    const work = runSim({
      seed: seed ?? newSeed(),
      quiet: options.quiet,
      print: (line) => output.line(line),
      plan: planOf(options),
      ...options.page === null ? {} : { writePage: (html) => writePage(options.page!, html) },
    });
    return endingOf(await untilInterrupted(context, work));
  },
};

function writePage(path: string, html: string): Promise<void> {
  return attempt(`write ${path}`, () => Deno.writeTextFile(path, html));
}

/** `kontiki fuzz`. */
export const fuzz: CommandCode<Row<"fuzz">> = {
  run: async (context) => {
    const { options, output, args: { minutes } } = context;
    const work = runFuzz({
      minutes: minutes ?? 1,
      first: options.first ?? newSeed(),
      step: options.step,
      jobs: options.jobs ?? Math.max(1, navigator.hardwareConcurrency - 1),
      json: output.isJson,
      print: (line) => output.line(line),
      plan: planOf(options),
      writePage: (name, html) => writePageIn(options.pages, { name, html }),
    });
    return endingOf(await untilInterrupted(context, work));
  },
};

async function writePageIn(
  folder: string,
  { name, html }: { readonly name: string; readonly html: string },
): Promise<string> {
  await attempt(`make ${folder}`, () => Deno.mkdir(folder, { recursive: true }));
  await writePage(`${folder}/${name}`, html);
  return `${folder}/${name}`;
}

function planOf(
  { nodes, members }: { readonly nodes: number | null; readonly members: boolean },
): PlanOptions {
  return { ...nodes === null ? {} : { nodes }, ...members ? { members } : {} };
}

function endingOf(outcome: SwarmOutcome): ExitReason {
  return outcome === "passed" ? "ok" : outcome;
}

function newSeed(): number {
  return Math.floor(Math.random() * 1_000_000_000);
}

/** Runs one seed. Two runs of a seed print the same. */
export async function runSim(request: SimRequest): Promise<SwarmOutcome> {
  const { seed, quiet, plan = {}, print, writePage } = request;
  print(`seed ${seed}`);
  const recorder = writePage === undefined ? null : new SeedRecorder();
  const result = await runSwarm(seed, {
    ...quiet ? {} : { print },
    ...recorder === null ? {} : { take: (at, event) => recorder.record(at, event) },
    ...plan,
  });
  const lines = failureLines(result, REPLAY);
  // The whole trace has been printed already.
  for (const line of quiet ? lines : lines.slice(0, 3)) print(line);
  print(
    `${result.outcome}: ${(result.virtualMs / 1000).toFixed(1)} s, ${result.events} events, ` +
      `${result.committed} committed, ${result.load.readsConfirmed} reads, trace ${result.hash}`,
  );
  if (recorder !== null) await writePage?.(swarmPage(result, recorder));
  return result.outcome;
}

/** Runs seeds until the time is up or there are many failures; returns the worst result. */
export async function runFuzz(request: FuzzRequest): Promise<SwarmOutcome> {
  const { jobs, first, print, json } = request;
  const begin = performance.now();
  let totals = noTotals;
  const failed: SwarmResult[] = [];
  const report = (more: FuzzTotals, failure: SwarmResult | null) => {
    totals = addTotals(totals, more);
    if (json) print(JSON.stringify({ totals: more, failure }));
    if (failure === null) return;
    failed.push(failure);
    if (!json) failureLines(failure, REPLAY).forEach(print);
  };
  if (!json) print(`from seed ${first}, ${request.minutes} min, ${jobs} processes`);
  if (jobs > 1) await shareFuzz(request, report);
  else await fuzzHere(request, report);
  if (!json) totalLines(totals, performance.now() - begin).forEach(print);
  if (!json) { for (const failure of failed) await drawFailure(failure, request); }
  return (["wrong", "crashed", "stuck"] as const).find((bad) => {
    return failed.some(({ outcome }) => outcome === bad);
  }) ?? "passed";
}

/** Runs a seed that failed once more, and writes its page. */
async function drawFailure(
  { seed, plan }: SwarmResult,
  { writePage, print, run = runSwarm }: FuzzRequest,
): Promise<void> {
  if (writePage === undefined) return;
  const recorder = new SeedRecorder();
  const result = await run(seed, { ...plan, take: (at, event) => recorder.record(at, event) });
  print(
    `seed ${seed} to look at: ${await writePage(`seed-${seed}.html`, swarmPage(result, recorder))}`,
  );
}

async function fuzzHere(
  { minutes, first, step = 1, plan = {}, run = runSwarm }: FuzzRequest,
  report: (more: FuzzTotals, failure: SwarmResult | null) => void,
): Promise<void> {
  const end = performance.now() + minutes * 60_000;
  let failures = 0;
  let since = noTotals;
  let reported = performance.now();
  let cpu = cpuUsage();
  for (let seed = first; performance.now() < end && failures < FAILURES_MAX; seed += step) {
    const result = await run(seed, plan);
    since = addTotals(since, totalsOf(result));
    const failed = result.outcome !== "passed";
    if (failed) failures++;
    if (!failed && performance.now() - reported < SUMMARY_MS) continue;
    const { user, system } = cpuUsage(cpu);
    report({ ...since, cpuMs: (user + system) / 1000 }, failed ? result : null);
    [since, reported, cpu] = [noTotals, performance.now(), cpuUsage()];
  }
  const { user, system } = cpuUsage(cpu);
  report({ ...since, cpuMs: (user + system) / 1000 }, null);
}

function totalsOf(result: SwarmResult): FuzzTotals {
  const { virtualMs, events, committed, memberChanges, load, recoveryMs, outcome } = result;
  return {
    ...{ seeds: 1, virtualMs, events, committed, memberChanges, cpuMs: 0 },
    seedsWithChanges: memberChanges > 0 ? 1 : 0,
    readsConfirmed: load.readsConfirmed,
    recoveryMsMax: recoveryMs,
    failures: outcome === "passed" ? 0 : 1,
  };
}

function addTotals(left: FuzzTotals, right: FuzzTotals): FuzzTotals {
  return {
    seeds: left.seeds + right.seeds,
    virtualMs: left.virtualMs + right.virtualMs,
    events: left.events + right.events,
    committed: left.committed + right.committed,
    seedsWithChanges: left.seedsWithChanges + right.seedsWithChanges,
    memberChanges: left.memberChanges + right.memberChanges,
    readsConfirmed: left.readsConfirmed + right.readsConfirmed,
    recoveryMsMax: Math.max(left.recoveryMsMax, right.recoveryMsMax),
    failures: left.failures + right.failures,
    cpuMs: left.cpuMs + right.cpuMs,
  };
}

/** The report of a failure: the violation, the seed, how to repeat it, and the end of the trace. */
export function failureLines(result: SwarmResult, replay: string): readonly string[] {
  if (result.outcome === "passed") return [];
  const { seed, outcome, detail, virtualMs, lastLines, plan } = result;
  const [what, ...more] = detail.split("\n");
  const command = [replay, seed, ...planFlags(plan)].join(" ");
  return [
    `--- ${outcome.toUpperCase()}: ${what}`,
    `    seed ${seed}, after ${(virtualMs / 1000).toFixed(3)} s`,
    `    again: ${command}`,
    `    to look at: ${command} --quiet --page seed-${seed}.html`,
    ...more.map((line) => `    ${line}`),
    `    the last ${lastLines.length} lines of its trace:`,
    ...lastLines.map((line) => `      ${line}`),
  ];
}

/** The totals of all seeds, in words. */
export function totalLines(totals: FuzzTotals, wallMs: number): readonly string[] {
  const { seeds, virtualMs, events, committed, readsConfirmed, cpuMs, failures } = totals;
  const hours = (virtualMs / 3_600_000).toFixed(1);
  const perCpu = (virtualMs / Math.max(1, cpuMs)).toFixed(0);
  return [
    `${seeds} seeds, ${failures} failures; ${committed} committed, ${readsConfirmed} reads; ` +
    `slowest recovery ${(totals.recoveryMsMax / 1000).toFixed(1)} s`,
    `${totals.seedsWithChanges} seeds changed the members, by ${totals.memberChanges} entries`,
    `${hours} simulated hours in ${(wallMs / 1000).toFixed(0)} s: ` +
    `${(virtualMs / wallMs).toFixed(0)} times real time in all, ${perCpu} per core; ` +
    `${(events / Math.max(1, cpuMs)).toFixed(0)} events per ms`,
  ];
}
