/**
 * `kontiki bench`: how many puts and linearizable gets a second, how long they take, what that costs
 * each node, and whether a sample of the same run was linearizable.
 *
 * @module
 */

import { checkInWorker, formatHistory } from "../../tests/checker/mod.ts";
import { LeaderConnections, LoadClient, Sample } from "./bench_load.ts";
import { type Phase, phaseJson, runPhase, showPhase } from "./bench_phase.ts";
import {
  attempt,
  type CommandContext,
  CommandError,
  type ExitReason,
  formatCount,
  nodeName,
  type NodeReport,
  type Session,
  untilInterrupted,
} from "../table/mod.ts";
import {
  LocalCluster,
  openLocalSession,
  prepareCluster,
  withRemoteSession,
} from "../cluster/mod.ts";
import { toKey } from "../../kv/mod.ts";
import { deletePrefix } from "../../net/store/mod.ts";
import type { Row } from "../rows/mod.ts";
import { leaderOf } from "../table/mod.ts";
import { untilServing } from "../cluster/mod.ts";

/** How long the deletion of a thousand keys may take. */
const removeMsMax = 5000;

type BenchContext = CommandContext<Row<"bench">>;

/** Measures the cluster of --endpoints, or one of its own. */
export async function run(context: BenchContext): Promise<ExitReason> {
  const { options } = context;
  const { endpoints } = options;
  if (endpoints !== null) {
    return await withRemoteSession(endpoints, async (session) => {
      const prefix = newPrefix(session);
      try {
        return await measure(context, { session, prefix });
      } finally {
        await removeKeys(context, { session, prefix });
      }
    });
  }
  const folder = await attempt(
    "make a folder for the cluster",
    () => Deno.makeTempDir({ prefix: "kontiki-bench-" }),
  );
  try {
    return await measureOwn(context, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Deletes the keys of this run; says so if they stay. An interrupted run leaves none behind either. */
async function removeKeys(
  { output }: BenchContext,
  { session, prefix }: { readonly session: Session; readonly prefix: string },
): Promise<void> {
  const outcome = await deletePrefix(session.clerk(), toKey(prefix), { timeoutMs: removeMsMax });
  if (outcome.type === "done") return;
  output.note(
    `Keys that begin with "${prefix}" stay in the cluster: "kontiki delete ${prefix} --prefix" ` +
      "removes them.",
  );
}

/** Runs a cluster in the folder while it is measured. */
async function measureOwn(context: BenchContext, folder: string): Promise<ExitReason> {
  const file = await prepareCluster(folder, { nodes: context.options.nodes, port: 0 });
  const cluster = new LocalCluster({
    folder,
    file,
    logLevel: "warn",
    died: (id, { code }) => context.output.note(`${nodeName(id)} ended with exit code ${code}`),
  });
  const session = openLocalSession(folder, { file, processes: cluster, isShell: false });
  try {
    await cluster.startAll();
    await untilInterrupted(context, untilServing(session));
    return await measure(context, { session, prefix: newPrefix(session) });
  } finally {
    session.close();
    await cluster.stopAll();
  }
}

/** The start of all keys of this run, different in every run. */
function newPrefix({ random }: Session): string {
  return `bench/${Math.floor(random() * 2 ** 32).toString(36)}/`;
}

async function measure(
  context: BenchContext,
  { session, prefix }: { session: Session; prefix: string },
): Promise<ExitReason> {
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
  const clients = makeClients(options, prefix);
  const sample = new Sample(session.clerk(), { ...session, prefix: `${prefix}sample/` });
  const sampling = new AbortController();
  const sampled = sample.run(sampling.signal);
  try {
    const phases: Phase[] = [];
    for (const kind of ["put", "get"] as const) {
      phases.push(await runPhase(context, { session, connections, clients, sample, kind }));
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
    // No client has written these keys before, since their names are new in every run.
    client.version = 0;
    return client;
  });
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
      phases: phases.map(phaseJson),
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
  await attempt(`write ${path}`, () => Deno.writeTextFile(path, formatHistory(history)));
  output.note(`The history is in ${path}; "kontiki check ${path}" judges it again.`);
  return "failure";
}
