/**
 * Runs scenarios on clusters and tells what happened, in the lab's words (section 2 of the lab's
 * tests). Where the clusters come from is the {@linkcode Arena}'s business, where the lines go the
 * caller's.
 *
 * @module
 */

import { AssertionError } from "@std/assert";
import { reliable, unreliable } from "../../net/mod.ts";
import { Violation } from "../sim/mod.ts";
import type { Cluster, Machine, Report, Scenario, Traffic } from "../cluster/mod.ts";

/** What kind of cluster a scenario wants. */
export interface ArenaSetup {
  readonly nodes: number;
  readonly machine: Machine;
  readonly seed: number;
}

/** How a play ended. */
export interface ArenaEnd {
  /** What was thrown, by the play or inside the cluster; `null`: all is well. */
  readonly error: unknown;
  /** What happened last in the cluster, for people. */
  readonly trace: readonly string[];
  /** What the processes of the cluster used; `null`: there were none. */
  readonly usage: Usage | null;
}

/** What the processes of a cluster used. */
export interface Usage {
  /** Processor time of all nodes, in all their lives. */
  readonly cpuMs: number;
  /** How often a node was started. */
  readonly starts: number;
}

/** Makes clusters: simulated ones, or real processes. */
export interface Arena {
  /** Lets `play` act on a fresh cluster and closes it afterwards, whatever happened. */
  run(setup: ArenaSetup, play: (cluster: Cluster) => Promise<void>): Promise<ArenaEnd>;
}

/** One run of one scenario. Plain values: it crosses processes as a line of JSON. */
export interface LabResult {
  readonly name: string;
  readonly part: string;
  readonly seed: number;
  /** What was violated; `null`: passed. */
  readonly failure: string | null;
  /** Time on the cluster's clock. */
  readonly seconds: number;
  /** Time it took to run. */
  readonly wallMs: number;
  readonly peers: number;
  readonly requests: number;
  readonly operations: number;
  readonly bytes: number;
  readonly commits: number;
  /** What the nodes' processes used; `null`: a simulated cluster has none. */
  readonly usage: Usage | null;
  /** Checks of histories that ran out of time: neither right nor wrong. */
  readonly undecided: number;
  /** The last lines of what happened, when it failed. */
  readonly trace: readonly string[];
}

/** How to run a scenario. */
export interface RunOptions {
  readonly arena: Arena;
  readonly seed: number;
  /** Real time in milliseconds. */
  readonly wallMs: () => number;
  /** Takes the opening line, and the closing one. */
  readonly print: (line: string) => void;
}

/** No test of the lab may take longer, on the cluster's clock. */
const SECONDS_MAX = 120;
const TRACE_LINES = 40;

/** What was counted between the opening and the closing line. */
interface Totals {
  readonly seconds: number;
  readonly requests: number;
  readonly operations: number;
  readonly bytes: number;
  readonly commits: number;
}

/** Runs one scenario once. Failing is an outcome, not an error. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<LabResult> {
  const begin = options.wallMs();
  const { nodes, machine } = scenario;
  let totals: Totals = { seconds: 0, requests: 0, operations: 0, bytes: 0, commits: 0 };
  let last = totals;
  let undecided = 0;
  const end = await options.arena.run({ nodes, machine, seed: options.seed }, async (cluster) => {
    await prepare(cluster, scenario);
    options.print(openingLine(scenario));
    let operations = 0;
    const before = await look(cluster, 0);
    let opened = before;
    const report: Report = {
      next: async (title, { passed }) => {
        const now = await look(cluster, operations);
        if (passed) options.print(closingLine({ peers: nodes, ...difference(opened, now) }));
        options.print(openingLine({ ...scenario, title }));
        opened = now;
      },
      operation: () => void operations++,
      undecided: () => {
        undecided++;
        options.print("info: linearizability check timed out, assume history is ok");
      },
    };
    try {
      await scenario.run(cluster, report);
      await cluster.verify();
    } finally {
      const now = await look(cluster, operations);
      totals = difference(before, now);
      last = difference(opened, now);
    }
    if (totals.seconds > SECONDS_MAX) {
      throw new AssertionError(`The test took ${totals.seconds} s, longer than ${SECONDS_MAX} s`);
    }
  });
  const { name, part } = scenario;
  const failure = end.error === null ? null : describeError(end.error);
  const result = {
    ...{ name, part, seed: options.seed, failure, peers: nodes, undecided, ...totals },
    wallMs: options.wallMs() - begin,
    usage: end.usage,
    trace: failure === null ? [] : end.trace.slice(-TRACE_LINES),
  };
  if (failure === null) options.print(closingLine({ peers: nodes, ...last }));
  return result;
}

/** Section 2.2: the title and the network at this moment. */
function openingLine(
  { title, network }: Pick<Scenario, "title" | "network">,
): string {
  return `${title} (${network} network)...`;
}

/** Section 2.3, with the bytes and commits of the older edition at the end. */
function closingLine(result: Totals & { readonly peers: number }): string {
  const wide = (value: number, width: number) => String(value).padStart(width);
  const seconds = result.seconds.toFixed(1).padStart(4);
  return `  ... Passed --  time ${seconds}s #peers ${result.peers} ` +
    `#RPCs ${wide(result.requests, 5)} #Ops ${wide(result.operations, 4)} ` +
    `#bytes ${wide(result.bytes, 8)} #commits ${wide(result.commits, 4)}`;
}

/** What was violated, the seed, how to see it again, and what happened last. */
export function failureLines(result: LabResult, replay: string): readonly string[] {
  return [
    `--- FAIL: ${result.name} (${result.seconds.toFixed(1)}s), seed ${result.seed}`,
    ...result.failure?.split("\n").map((line) => `    ${line}`) ?? [],
    `    again: ${replay}`,
    ...result.trace.length === 0 ? [] : [`    the last ${result.trace.length} lines of its trace:`],
    ...result.trace.map((line) => `      ${line}`),
  ];
}

/**
 * The scenarios that some word chooses: a part (`3B`), a name (`TestCount3B`), or a piece of a name
 * or title. No words choose everything of the present edition; the older one has to be named.
 */
export function chooseScenarios(
  scenarios: readonly Scenario[],
  words: readonly string[],
): readonly Scenario[] {
  if (words.length === 0) return scenarios.filter(({ part }) => !part.includes("-"));
  return scenarios.filter((scenario) => words.some((word) => isChosen(scenario, word)));
}

function isChosen({ name, part, title }: Scenario, word: string): boolean {
  const wanted = word.toLowerCase();
  if (part.toLowerCase() === wanted || name.toLowerCase() === wanted) return true;
  // A whole part or name must not choose those that only contain it, as 3C-2024 contains 3C.
  if (/^\d[a-z]?$/.test(wanted) || /^test\w+\d[a-z]$/.test(wanted)) return false;
  return name.toLowerCase().includes(wanted) || title.toLowerCase().includes(wanted);
}

/** The lab starts its servers before it makes the network what the test wants. */
async function prepare(cluster: Cluster, { network }: Scenario): Promise<void> {
  for (const id of cluster.ids) {
    if (!cluster.isRunning(id)) await cluster.start(id);
  }
  await cluster.setFaults(network === "unreliable" ? unreliable : reliable);
}

interface Look {
  readonly now: number;
  readonly operations: number;
  readonly traffic: Traffic;
  readonly commits: number;
}

async function look(cluster: Cluster, operations: number): Promise<Look> {
  return {
    now: cluster.now(),
    operations,
    traffic: await cluster.traffic(),
    commits: await cluster.commits(),
  };
}

function difference(before: Look, after: Look): Totals {
  return {
    seconds: (after.now - before.now) / 1000,
    requests: after.traffic.requests - before.traffic.requests,
    operations: after.operations - before.operations,
    bytes: after.traffic.bytes - before.traffic.bytes,
    commits: after.commits - before.commits,
  };
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // What a check says is enough; where in the checks it was said is not worth reading.
  if (error instanceof AssertionError || error instanceof Violation) return error.message;
  return error.stack ?? `${error.name}: ${error.message}`;
}
