/**
 * One phase of `kontiki bench`, puts or gets: runs the load, and says what it cost the nodes and this
 * process.
 *
 * @module
 */

import { cpuUsage } from "node:process";
import {
  type LeaderConnections,
  type LoadClient,
  type LoadKind,
  type LoadResult,
  runLoad,
  type Sample,
} from "./bench_load.ts";
import {
  type CommandContext,
  formatBytes,
  formatCount,
  formatDuration,
  formatTable,
  nodeName,
  type NodeReport,
  type Output,
  type Session,
} from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";

/** The cost of a phase for one node. */
interface NodeCost {
  readonly node: string;
  readonly isLeader: boolean;
  /** Processor time as a share of one core. */
  readonly cpu: number;
  /** Processor time for one operation of the load, in microseconds. */
  readonly cpuUsEach: number;
  readonly memoryBytesMax: number;
}

/** The results of a phase. */
export interface Phase {
  readonly load: LoadResult;
  /** Processor time of this process, as a share of one core and for one operation. */
  readonly loadCpu: number;
  readonly loadCpuUsEach: number;
  readonly nodes: readonly NodeCost[];
}

const warmUpMs = 1000;

/** Processor time that the processes had used at a moment. */
interface Usage {
  readonly atMs: number;
  readonly reports: readonly (NodeReport | null)[];
  /** Processor time of this process. */
  readonly ownMs: number;
  readonly sampled: number;
}

async function usageNow(session: Session, sample: Sample): Promise<Usage> {
  const reports = await session.reports();
  const { user, system } = cpuUsage();
  const ownMs = (user + system) / 1000;
  return { atMs: performance.now(), reports, ownMs, sampled: sample.operations.length };
}

/** Runs the load of one kind, after a warm-up. */
export async function runPhase(
  { options, output, signal }: CommandContext<Row<"bench">>,
  { session, connections, clients, sample, kind }: {
    session: Session;
    connections: LeaderConnections;
    clients: readonly LoadClient[];
    sample: Sample;
    kind: LoadKind;
  },
): Promise<Phase> {
  const { duration: durationMs } = options;
  const begin = performance.now();
  const peaks = session.nodes.map(() => 0);
  const watch = setInterval(async () => {
    output.progress(`${kind}s: ${formatDuration(performance.now() - begin)} …`);
    const reports = await session.reports();
    reports.forEach((report, at) => peaks[at] = Math.max(peaks[at]!, report?.memoryBytes ?? 0));
  }, 500);
  // Processor time is counted from the end of the warm-up, as operations are.
  let first: Promise<Usage> | null = null;
  const warm = setTimeout(() => first = usageNow(session, sample), warmUpMs);
  const load = await runLoad({ kind, connections, clients, warmUpMs, durationMs, signal });
  clearTimeout(warm);
  clearInterval(watch);
  const last = await usageNow(session, sample);
  output.clearProgress();
  return costOf(load, { session, first: await first ?? last, last, peaks });
}

function costOf(
  load: LoadResult,
  { session, first, last, peaks }: {
    session: Session;
    first: Usage;
    last: Usage;
    peaks: readonly number[];
  },
): Phase {
  const elapsedMs = Math.max(1, last.atMs - first.atMs);
  const operations = Math.max(1, load.operations + last.sampled - first.sampled);
  const cost = (cpuMs: number) => ({
    cpu: cpuMs / elapsedMs,
    cpuUsEach: cpuMs * 1000 / operations,
  });
  const own = cost(last.ownMs - first.ownMs);
  const nodes = session.nodes.map(({ id, endpoint }, at) => {
    const [before, after] = [first.reports[at] ?? null, last.reports[at] ?? null];
    return {
      node: id === null ? endpoint : nodeName(id),
      isLeader: after?.status.role === "leader",
      ...cost((after?.cpuMs ?? 0) - (before?.cpuMs ?? 0)),
      memoryBytesMax: Math.max(peaks[at]!, after?.memoryBytes ?? 0),
    };
  });
  return { load, loadCpu: own.cpu, loadCpuUsEach: own.cpuUsEach, nodes };
}

/** The results of a phase as JSON. */
export function phaseJson({ load, ...costs }: Phase): Readonly<Record<string, unknown>> {
  return { ...loadFigures(load), ...costs };
}

function loadFigures({ kind, operations, failures, seconds, times }: LoadResult) {
  return {
    kind,
    operations,
    failures,
    perSecond: Math.round(operations / seconds),
    ms: {
      mean: times.meanMs,
      p50: times.percentile(0.5),
      p90: times.percentile(0.9),
      p99: times.percentile(0.99),
      "p99.9": times.percentile(0.999),
      max: times.maxMs,
    },
  };
}

/** Prints the results of a phase for people. */
export function showPhase(output: Output, { load, loadCpu, loadCpuUsEach, nodes }: Phase): void {
  const { kind, perSecond, failures, ms } = loadFigures(load);
  output.line(`${output.paint("bold", `${kind}s`)}  ${formatCount(perSecond)} a second`);
  const times = Object.entries(ms).map(([name, each]) => `${name} ${formatDuration(each)}`);
  output.line(`  ${times.join("   ")}${failures > 0 ? `   failures ${failures}` : ""}`);
  const used = (cpu: number, cpuUsEach: number) => [
    `CPU ${(cpu * 100).toFixed(0)} %`,
    `${cpuUsEach.toFixed(1)} µs each`,
  ];
  const rows = nodes.map(({ node, isLeader, cpu, cpuUsEach, memoryBytesMax }) => [
    `  ${node}`,
    isLeader ? "leader" : "follower",
    ...used(cpu, cpuUsEach),
    `memory at most ${formatBytes(memoryBytesMax)}`,
  ]);
  rows.push(["  load", "", ...used(loadCpu, loadCpuUsEach)]);
  const columns = rows[0]!.map((_, at) => ({
    title: "",
    align: at === 2 || at === 3 ? "right" : "left",
  } as const));
  for (const line of formatTable(columns, rows).slice(1)) output.line(line);
}
