/**
 * Runs scenarios on clusters and reports in the format of the lab (section 2 of the lab's tests).
 * An {@linkcode Arena} makes the clusters; the caller prints the lines.
 *
 * @module
 */

import { AssertionError } from "@std/assert";
import { reliable, unreliable } from "../../net/mod.ts";
import { Violation } from "../sim/mod.ts";
import type { Cluster, Machine, Report, Scenario, Traffic } from "../cluster/mod.ts";

/** The kind of cluster that a scenario needs. */
export interface ArenaSetup {
  readonly nodes: number;
  readonly machine: Machine;
  readonly seed: number;
}

/** The result of a scenario. */
export interface ArenaEnd {
  /** The error thrown by the play or inside the cluster; `null` if there was none. */
  readonly error: unknown;
  /** The last lines of the cluster's trace. */
  readonly trace: readonly string[];
  /** Resources used by the cluster's processes; `null` when it was simulated. */
  readonly usage: Usage | null;
}

/** Resources used by the processes of a cluster. */
export interface Usage {
  /** Processor time of all processes, those before a restart included. */
  readonly cpuMs: number;
  /** The number of starts of nodes. */
  readonly starts: number;
}

/** Makes clusters: simulated ones, or real processes. */
export interface Arena {
  /** Runs `play` on a fresh cluster, which is closed afterwards in any case. */
  run(setup: ArenaSetup, play: (cluster: Cluster) => Promise<void>): Promise<ArenaEnd>;
}

/** One run of one scenario. Plain values: it crosses processes as a line of JSON. */
export interface LabResult {
  readonly name: string;
  readonly part: string;
  readonly seed: number;
  /** The violation; `null` when the scenario passed. */
  readonly failure: string | null;
  /** Time on the cluster's clock. */
  readonly seconds: number;
  /** Real time of the run. */
  readonly wallMs: number;
  readonly peers: number;
  readonly requests: number;
  readonly operations: number;
  readonly bytes: number;
  readonly commits: number;
  /** Resources used by the processes; `null` when the cluster was simulated. */
  readonly usage: Usage | null;
  /** Number of history checks that ran out of time without a verdict. */
  readonly undecided: number;
  /** The last lines of the trace, when the scenario failed. */
  readonly trace: readonly string[];
}

/** Options of running a scenario. */
export interface RunOptions {
  readonly arena: Arena;
  readonly seed: number;
  /** Real time in milliseconds. */
  readonly wallMs: () => number;
  /** Receives the opening and the closing line. */
  readonly print: (line: string) => void;
}

/** No test of the lab may take longer, on the cluster's clock. */
const SECONDS_MAX = 120;
const TRACE_LINES = 40;

/** Counts between the opening and the closing line. */
interface Totals {
  readonly seconds: number;
  readonly requests: number;
  readonly operations: number;
  readonly bytes: number;
  readonly commits: number;
}

/** Runs a scenario once. A failed scenario is a result, not an error. */
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

/** Section 2.2: the title and the state of the network. */
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

/** The violation, the seed, the command that reproduces it, and the end of the trace. */
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
 * The scenarios that match any of the words: a part (`3B`), a name (`TestCount3B`), or a substring
 * of a name or title. No words choose all of the present edition; the older edition must be named.
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
  // A full part or name matches only itself: 3C must not choose 3C-2024.
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
  // The message of a failed check is enough; the stack inside the checks adds nothing.
  if (error instanceof AssertionError || error instanceof Violation) return error.message;
  return error.stack ?? `${error.name}: ${error.message}`;
}
