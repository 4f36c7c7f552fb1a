/**
 * Opens a cluster for a command: finds its nodes from the flags or from a local cluster's folder,
 * and joins the clerk of `kv/` with the calls of `net/`.
 *
 * Invariant: every session that was opened is closed, also after an error and Ctrl-C.
 *
 * @module
 */

import { type Call, Clerk, Watcher } from "../../kv/mod.ts";
import {
  type Address,
  type ConnectFailure,
  type Faults,
  parseAddress,
  RpcClient,
} from "../../net/mod.ts";
import { clerkCall, openWatchOf } from "../../net/store/mod.ts";
import { type NodeId, SystemClock } from "../../raft/mod.ts";
import {
  type CommandContext,
  CommandError,
  type CommandRow,
  type Ending,
  type FaultControl,
  type NodeReport,
  type Output,
  parseNodeReport,
  type ProcessControl,
  REPORT_REQUEST,
  type Session,
  type SessionNode,
  type ShellCode,
  UsageError,
} from "../table/mod.ts";
import { type ClusterFile, nodeFolder, readClusterFile } from "./local_cluster.ts";
import { controlFaults, setControlFaults } from "./node_control.ts";

/** How long a node may take to send its report before it counts as silent. */
const reportMsMax = 500;
/** How long a node may take to answer a request about members. */
const askMsMax = 2_000;

/** The flags that name a cluster: its addresses, or else the folder of a local one. */
export interface ClusterOptions {
  readonly endpoints?: readonly string[] | null;
  readonly data: string;
}

/**
 * Code that works on an open cluster. As a command of the executable it opens the cluster that the
 * flags name, and closes it.
 */
export function onCluster<Row extends CommandRow>(runIn: ShellCode<Row>["runIn"]): {
  readonly run: (
    context: CommandContext<Row> & { readonly options: ClusterOptions },
  ) => Promise<Ending>;
  readonly runIn: ShellCode<Row>["runIn"];
} {
  return {
    run: async (context) => {
      try {
        return await withSession(context.options, (session) => runIn(context, session));
      } catch (error) {
        if (error instanceof CommandError) jsonFailure(context.output, error);
        throw error;
      }
    },
    runIn,
  };
}

/** With --json every command ends with a value on standard output, also after an error. */
function jsonFailure(output: Output, { reason, message }: CommandError): void {
  if (output.isJson) output.json({ outcome: reason, message });
}

/** Works on the cluster that the flags name. */
export async function withSession<T>(
  { endpoints, data }: ClusterOptions,
  work: (session: Session) => Promise<T>,
  { isShell = false }: { isShell?: boolean } = {},
): Promise<T> {
  return await closing(
    endpoints
      ? await openRemoteSession(endpoints, { isShell })
      : await openFolder(data, { isShell }),
    work,
  );
}

/** Works on the cluster at these addresses. */
export async function withRemoteSession<T>(
  endpoints: readonly string[],
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return await closing(await openRemoteSession(endpoints, { isShell: false }), work);
}

async function closing<T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> {
  try {
    return await work(session);
  } finally {
    session.close();
  }
}

async function openFolder(folder: string, { isShell }: { isShell: boolean }): Promise<Session> {
  const file = await readClusterFile(folder);
  if (file === null) {
    throw new CommandError(
      "unavailable",
      `Cannot find a cluster: no --endpoints given, and ${folder} is not the folder of a local ` +
        'cluster; "kontiki up" makes one',
    );
  }
  return openLocalSession(folder, { file, processes: null, isShell });
}

/** Opens the cluster of a folder, with access to its control sockets. */
export function openLocalSession(
  folder: string,
  { file, processes, isShell }: {
    file: ClusterFile;
    processes: ProcessControl | null;
    isShell: boolean;
  },
): Session {
  const ids = file.nodes.map((node) => node.id);
  const { cluster } = file;
  const nodes = file.nodes.map(({ id, clients: endpoint }) =>
    new RemoteNode({ id, endpoint, cluster })
  );
  const control: FaultControl = {
    faults: async () => {
      const all = await Promise.all(ids.map((id) => controlFaults(nodeFolder(folder, id))));
      return new Map(ids.flatMap((id, at) => all[at] ? [[id, all[at]] as const] : []));
    },
    setFaults: async (change: Partial<Faults>) => {
      const done = await Promise.all(
        ids.map((id) => setControlFaults(nodeFolder(folder, id), change)),
      );
      return ids.filter((_, at) => !done[at]);
    },
  };
  return makeSession(nodes, { cluster, control, processes, isShell });
}

/** Opens the nodes of these ids, without access to anything but their ports for clients. */
export function openNodes(
  known: ReadonlyMap<NodeId, string>,
  cluster: string,
): Session {
  const nodes = [...known].map(([id, endpoint]) => new RemoteNode({ id, endpoint, cluster }));
  return makeSession(nodes, { cluster, control: null, processes: null, isShell: false });
}

/** Opens a cluster by addresses alone. The nodes report their ids when they are reached. */
async function openRemoteSession(
  endpoints: readonly string[],
  { isShell }: { isShell: boolean },
): Promise<Session> {
  const given = [...new Set(endpoints)].map((endpoint) => new RemoteNode({ endpoint }));
  await Promise.all(given.map((node) => node.client.connect()));
  const names = new Set(given.flatMap(({ client }) => client.server?.cluster ?? []));
  if (names.size > 1) {
    const found = given.flatMap(({ client: { server }, endpoint }) =>
      server === null ? [] : [`${server.cluster} at ${endpoint}`]
    );
    for (const node of given) node.client.close();
    throw new CommandError(
      "failure",
      `Cannot use --endpoints: wanted one cluster, got ${found.join(", ")}`,
    );
  }
  const [cluster = null] = names;
  const clusterId = given.find(({ clusterId }) => clusterId !== null)?.clusterId ?? null;
  // An address that did not answer yet may turn out to be that of another cluster with this name.
  const ours = given.map((node) =>
    node.id !== null || clusterId === null ? node : node.ofCluster(clusterId)
  );
  const nodes = cluster === null ? ours : [...ours, ...await othersOf(ours, cluster)];
  const first = new Map(nodes.toReversed().map((node) => [node.id ?? node, node]));
  const distinct = nodes.filter((node) => first.get(node.id ?? node) === node);
  for (const node of nodes) if (!distinct.includes(node)) node.client.close();
  const rest = { control: null, processes: null, isShell };
  return makeSession(distinct, { cluster: cluster ?? "?", ...rest });
}

/** The nodes that other nodes have named in their reports. */
async function othersOf(given: readonly RemoteNode[], cluster: string): Promise<RemoteNode[]> {
  const reached = given.filter((node) => node.id !== null);
  const reports = await Promise.all(reached.map((node) => node.report()));
  return newcomers(given, reports, cluster);
}

/** Nodes that reports name and that are not known yet. */
function newcomers(
  nodes: readonly RemoteNode[],
  reports: readonly (NodeReport | null)[],
  cluster: string,
): RemoteNode[] {
  const known = new Set(nodes.map((node) => node.id));
  return reports.flatMap((report, at) =>
    (report?.clients ?? []).flatMap(({ id, endpoint }) => {
      if (known.has(id) || nodes.some((node) => node.endpoint === endpoint)) return [];
      known.add(id);
      // What the node has named may belong to another cluster by now, for example after a recovery.
      return [new RemoteNode({ id, endpoint, cluster, clusterId: nodes[at]!.clusterId })];
    })
  );
}

/** A node, and how to reach it. */
class RemoteNode implements SessionNode {
  readonly endpoint: string;
  readonly client: RpcClient;
  isWaiting = false;
  readonly #id: NodeId | null;

  constructor(
    { id = null, endpoint, cluster = null, clusterId = null }: {
      id?: NodeId | null;
      endpoint: string;
      cluster?: string | null;
      clusterId?: string | null;
    },
  ) {
    this.#id = id;
    this.endpoint = endpoint;
    const server = parseEndpoint(endpoint);
    // A node without id is asked for it first, which should not take long.
    const patience = id === null ? { connectMsMax: reportMsMax } : {};
    this.client = new RpcClient({ server, cluster, clusterId, ...patience });
  }

  get id(): NodeId | null {
    return this.#id ?? this.client.server?.id ?? null;
  }

  /** The id of its cluster; `null`: it was not reached, or its cluster has none. */
  get clusterId(): string | null {
    return this.client.server?.clusterId || null;
  }

  /** The same address, which is not spoken to if it belongs to another cluster. */
  ofCluster(clusterId: string): RemoteNode {
    this.client.close();
    return new RemoteNode({ endpoint: this.endpoint, clusterId });
  }

  get failure(): ConnectFailure | null {
    return this.client.lastFailure;
  }

  async report(): Promise<NodeReport | null> {
    const outcome = await this.client.call(REPORT_REQUEST, { withinMs: reportMsMax });
    this.isWaiting = outcome.kind === "neverSent" && outcome.reason === "unknownRequest";
    return outcome.kind === "replied" ? parseNodeReport(outcome.payload) : null;
  }
}

function makeSession(
  known: readonly RemoteNode[],
  rest: Pick<Session, "cluster" | "control" | "processes" | "isShell">,
): Session {
  // Members that are added later are named in the reports.
  const nodes = [...known];
  const clock = new SystemClock();
  const random = Math.random;
  // Clerks identify servers by their place in this list: a node that was not reached yet has no id.
  const placeOf = (id: NodeId) => nodes.findIndex((node) => node.id === id);
  const find = (id: NodeId) => placeOf(id) < 0 ? null : placeOf(id);
  const call: Call = (server, request, deadline, signal) => {
    const withinMs = deadline - clock.now();
    return clerkCall(nodes[server]!.client, { request, withinMs, signal });
  };
  return {
    ...rest,
    clock,
    random,
    nodes,
    get ids() {
      return nodes.flatMap((node) => node.id ?? []);
    },
    clerk: (only) => {
      const servers = only === undefined ? [...nodes.keys()] : [placeOf(only)];
      return new Clerk({ servers, find, call, clock, random, sessions: true });
    },
    ask: async (id, request) => {
      const outcome = await nodes[placeOf(id)]?.client.call(request, { withinMs: askMsMax });
      return outcome?.kind === "replied" ? outcome.payload : null;
    },
    watcher: (query) => {
      const servers = [...nodes.keys()];
      const open = openWatchOf(nodes.map(({ client }) => client));
      return new Watcher({ servers, open, clock, random, query });
    },
    reports: async () => {
      const reports = await Promise.all(nodes.map((node) => node.report()));
      nodes.push(...newcomers(nodes, reports, rest.cluster));
      return reports;
    },
    close: () => nodes.forEach(({ client }) => client.close()),
  };
}

/** `host:port`, or `[::1]:port`. Port 0, which lets the system choose, is only for listening. */
export function parseEndpoint(text: string): Address {
  const address = parseAddress(text);
  if (address !== null) return address;
  throw new UsageError(`Cannot use the address: wanted HOST:PORT, got "${text}"`);
}
