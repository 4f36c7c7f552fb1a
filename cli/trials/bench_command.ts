/**
 * `kontiki bench`: how many puts and linearizable gets a second, how long they take, what that costs
 * each node, and whether a sample of the same run was linearizable.
 *
 * @module
 */

import { cpuUsage } from "node:process";
import { checkInWorker, formatHistory } from "../../tests/checker/mod.ts";
import {
  LeaderConnections,
  LoadClient,
  type LoadKind,
  type LoadResult,
  runLoad,
  Sample,
} from "./bench_load.ts";
import {
  type CommandContext,
  CommandError,
  type ExitReason,
  formatBytes,
  formatCount,
  formatDuration,
  formatTable,
  nodeName,
  type NodeReport,
  type Output,
  type Session,
  untilInterrupted,
} from "../table/mod.ts";
import {
  LocalCluster,
  openLocalSession,
  prepareCluster,
  withRemoteSession,
} from "../cluster/mod.ts";
import type { Row } from "../rows/mod.ts";
import { leaderOf } from "../table/mod.ts";
import { untilServing } from "../cluster/mod.ts";

type BenchContext = CommandContext<Row<"bench">>;

/** Measures the cluster that the flags name, or one of its own. */
export async function run(context: BenchContext): Promise<ExitReason> {
  const { options } = context;
  const { endpoints } = options;
  if (endpoints !== null) {
    return await withRemoteSession(endpoints, (session) => measure(context, session));
  }
  const folder = await Deno.makeTempDir({ prefix: "kontiki-bench-" });
  const file = await prepareCluster(folder, { nodes: options.nodes, port: 0 });
  const cluster = new LocalCluster({
    folder,
    file,
    logLevel: "warn",
    died: (id, code) => context.output.note(`${nodeName(id)} ended with exit code ${code}`),
  });
  const session = openLocalSession(folder, { file, processes: cluster, isShell: false });
  try {
    await cluster.startAll();
    await untilInterrupted(context, untilServing(session));
    return await measure(context, session);
  } finally {
    session.close();
    await cluster.stopAll();
    await Deno.remove(folder, { recursive: true });
  }
}

/** What one node cost during a phase. */
interface NodeCost {
  readonly node: string;
  readonly isLeader: boolean;
  /** Processor time as a share of one core. */
  readonly cpu: number;
  readonly memoryBytesMax: number;
}

interface Phase {
  readonly load: LoadResult;
  /** Processor time of this process, as a share of one core. */
  readonly loadCpu: number;
  readonly nodes: readonly NodeCost[];
}

async function measure(context: BenchContext, session: Session): Promise<ExitReason> {
  const { options, signal } = context;
  const leader = leaderOf(await session.reports());
  if (leader === null) {
    throw new CommandError("unavailable", "Cannot measure: wanted a leader, found none");
  }
  const wanted = options.connections;
  const connections = new LeaderConnections(session, wanted);
  const missing = await connections.open();
  if (missing > 0) {
    throw new CommandError(
      "unavailable",
      `Cannot connect to ${nodeName(leader.id)}: wanted ${wanted} connections, ${missing} failed`,
    );
  }
  const runName = `bench/${Math.floor(session.random() * 2 ** 32).toString(36)}/`;
  const clients = makeClients(options, runName);
  const sample = new Sample(session.clerk(), { ...session, prefix: `${runName}sample/` });
  const sampling = new AbortController();
  const sampled = sample.run(sampling.signal);
  try {
    const phases: Phase[] = [];
    for (const kind of ["put", "get"] as const) {
      phases.push(await runPhase(context, { session, connections, clients, kind }));
    }
    if (signal.aborted) throw signal.reason;
    sampling.abort();
    await sampled;
    return await conclude(context, { phases, sample, leader });
  } finally {
    sampling.abort();
    connections.close();
  }
}

function makeClients(options: BenchContext["options"], prefix: string): LoadClient[] {
  const value = new Uint8Array(options.valueBytes).fill(0x78);
  return Array.from({ length: options.clients }, (_, at) => {
    const client = new LoadClient(`${prefix}${at}`, value);
    // Nobody has written these keys: their names are new in every run.
    client.version = 0;
    return client;
  });
}

const warmUpMs = 1000;

async function runPhase(
  { options, output, signal }: BenchContext,
  { session, connections, clients, kind }: {
    session: Session;
    connections: LeaderConnections;
    clients: readonly LoadClient[];
    kind: LoadKind;
  },
): Promise<Phase> {
  const { duration: durationMs } = options;
  const begin = performance.now();
  const first = await session.reports();
  const peaks = first.map((report) => report?.memoryBytes ?? 0);
  let last = first;
  const watch = setInterval(async () => {
    output.progress(`${kind}s: ${formatDuration(performance.now() - begin)} …`);
    last = await session.reports();
    last.forEach((report, at) => peaks[at] = Math.max(peaks[at]!, report?.memoryBytes ?? 0));
  }, 500);
  const cpuBefore = cpuUsage();
  const load = await runLoad({ kind, connections, clients, warmUpMs, durationMs, signal });
  const { user, system } = cpuUsage(cpuBefore);
  clearInterval(watch);
  last = await session.reports();
  output.clearProgress();
  const elapsedMs = performance.now() - begin;
  const nodes = session.nodes.map(({ id, endpoint }, at) => ({
    node: id === null ? endpoint : nodeName(id),
    isLeader: last[at]?.status.role === "leader",
    cpu: ((last[at]?.cpuMs ?? 0) - (first[at]?.cpuMs ?? 0)) / elapsedMs,
    memoryBytesMax: peaks[at]!,
  }));
  return { load, loadCpu: (user + system) / 1000 / elapsedMs, nodes };
}

async function conclude(
  context: BenchContext,
  { phases, sample, leader }: {
    phases: readonly Phase[];
    sample: Sample;
    leader: NodeReport;
  },
): Promise<ExitReason> {
  const { options, output } = context;
  const { operations } = sample;
  const result = await checkInWorker({ model: "kv", history: operations, deadlineMs: 30_000 });
  const { verdict } = result;
  if (output.isJson) {
    output.json({
      connections: options.connections,
      clients: options.clients,
      valueBytes: options.valueBytes,
      nodes: phases[0]!.nodes.length,
      phases: phases.map(({ load, loadCpu, nodes }) => ({ ...loadFigures(load), loadCpu, nodes })),
      sample: { operations: operations.length, verdict },
    });
  } else {
    for (const phase of phases) showPhase(output, phase);
    const text = `${formatCount(operations.length)} sampled operations: ${
      verdict === "ok" ? "linearizable" : verdict
    }`;
    output.line(output.paint(verdict === "ok" ? "green" : "red", text));
  }
  if (verdict === "ok") return "ok";
  const path = `bench-${leader.id}-${Date.now()}.jsonl`;
  const history = {
    model: "kv",
    title: "kontiki bench",
    expect: null,
    annotations: [],
    operations,
  };
  await Deno.writeTextFile(path, formatHistory(history));
  output.note(`The history is in ${path}; "kontiki check ${path}" judges it again.`);
  return "failure";
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

function showPhase(output: Output, { load, loadCpu, nodes }: Phase): void {
  const { kind, perSecond, failures, ms } = loadFigures(load);
  output.line(`${output.paint("bold", `${kind}s`)}  ${formatCount(perSecond)} a second`);
  const times = Object.entries(ms).map(([name, each]) => `${name} ${formatDuration(each)}`);
  output.line(`  ${times.join("   ")}${failures > 0 ? `   failures ${failures}` : ""}`);
  const rows = nodes.map(({ node, isLeader, cpu, memoryBytesMax }) => [
    `  ${node}`,
    isLeader ? "leader" : "",
    `CPU ${(cpu * 100).toFixed(0)} %`,
    `memory at most ${formatBytes(memoryBytesMax)}`,
  ]);
  rows.push(["  load", "", `CPU ${(loadCpu * 100).toFixed(0)} %`, ""]);
  const columns = ["", "", "", ""].map((title) => ({ title }));
  for (const line of formatTable(columns, rows).slice(1)) output.line(line);
}
