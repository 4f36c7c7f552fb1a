/**
 * Opens a cluster for a command: finds its nodes from the flags or from a local cluster's folder,
 * and joins the clerk of `kv/` with the calls of `net/`.
 *
 * Invariant: every session that was opened is closed, also after an error and Ctrl-C.
 *
 * @module
 */

import { type Call, Clerk } from "../../kv/mod.ts";
import { type Address, type Faults, parseAddress, RpcClient } from "../../net/mod.ts";
import { clerkCall } from "../../net/store/mod.ts";
import { type NodeId, SystemClock } from "../../raft/mod.ts";
import {
  type CommandContext,
  CommandError,
  type CommandRow,
  type Ending,
  type FaultControl,
  type NodeReport,
  parseNodeReport,
  type ProcessControl,
  REPORT_REQUEST,
  type Session,
  type ShellCode,
  UsageError,
} from "../table/mod.ts";
import { type ClusterFile, nodeFolder, readClusterFile } from "./local_cluster.ts";
import { controlFaults, setControlFaults } from "./node_control.ts";

/** How long a node may take to say what it is doing before it counts as silent. */
const reportMsMax = 500;

/** The flags that name a cluster: its addresses, or else the folder of a local one. */
export interface ClusterOptions {
  readonly endpoints?: readonly string[] | null;
  readonly data: string;
}

/**
 * Code that works on an open cluster, as a command of the executable too: that opens the cluster its
 * flags name, and closes it again.
 */
export function onCluster<Row extends CommandRow>(runIn: ShellCode<Row>["runIn"]): {
  readonly run: (
    context: CommandContext<Row> & { readonly options: ClusterOptions },
  ) => Promise<Ending>;
  readonly runIn: ShellCode<Row>["runIn"];
} {
  return {
    run: (context) => withSession(context.options, (session) => runIn(context, session)),
    runIn,
  };
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

/** Opens the cluster of a folder, whose control sockets are then in reach. */
export function openLocalSession(
  folder: string,
  { file, processes, isShell }: {
    file: ClusterFile;
    processes: ProcessControl | null;
    isShell: boolean;
  },
): Session {
  const ids = file.nodes.map((node) => node.id);
  const nodes = file.nodes.map((node) => ({
    id: node.id,
    endpoint: node.clients,
    client: new RpcClient({ server: parseEndpoint(node.clients) }),
  }));
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
  return makeSession(nodes, { cluster: file.cluster, control, processes, isShell });
}

/** Opens a cluster by addresses alone: the nodes say who they are when they are reached. */
async function openRemoteSession(
  endpoints: readonly string[],
  { isShell }: { isShell: boolean },
): Promise<Session> {
  const clients = endpoints.map((endpoint) =>
    new RpcClient({ server: parseEndpoint(endpoint), connectMsMax: reportMsMax })
  );
  await Promise.all(clients.map((client) => client.connect()));
  const names = new Set(clients.flatMap((client) => client.server?.cluster ?? []));
  if (names.size > 1) {
    const found = clients.flatMap(({ server }, at) =>
      server === null ? [] : [`${server.cluster} at ${endpoints[at]}`]
    );
    for (const client of clients) client.close();
    throw new CommandError(
      "failure",
      `Cannot use --endpoints: wanted one cluster, got ${found.join(", ")}`,
    );
  }
  const known = new Set(clients.flatMap((client) => client.server?.id ?? []));
  // Nodes that are silent get numbers that nobody has; the clerk needs some name for them.
  let spare = 1;
  const nodes = clients.map((client, at) => {
    while (known.has(spare)) spare += 1;
    const id = client.server?.id ?? spare++;
    return { id, endpoint: endpoints[at]!, client };
  });
  const isFirst = ({ id }: SessionNode, at: number) =>
    nodes.findIndex((node) => node.id === id) === at;
  const distinct = nodes.filter(isFirst);
  for (const { client } of nodes) {
    if (!distinct.some((node) => node.client === client)) client.close();
  }
  const [cluster = "?"] = names;
  return makeSession(distinct, { cluster, control: null, processes: null, isShell });
}

interface SessionNode {
  readonly id: NodeId;
  readonly endpoint: string;
  readonly client: RpcClient;
}

function makeSession(
  nodes: readonly SessionNode[],
  rest: Pick<Session, "cluster" | "control" | "processes" | "isShell">,
): Session {
  const clock = new SystemClock();
  const random = Math.random;
  const ids = nodes.map((node) => node.id);
  const byId = new Map(nodes.map((node) => [node.id, node.client]));
  const call: Call = (server, request, deadline) =>
    clerkCall(byId.get(server)!, { request, withinMs: deadline - clock.now() });
  return {
    ...rest,
    ids,
    clock,
    random,
    endpoints: nodes.map((node) => node.endpoint),
    clerk: (only) => new Clerk({ servers: only === undefined ? ids : [only], call, clock, random }),
    reports: () => Promise.all(nodes.map((node) => report(node.client))),
    close: () => nodes.forEach(({ client }) => client.close()),
  };
}

async function report(client: RpcClient): Promise<NodeReport | null> {
  const outcome = await client.call(REPORT_REQUEST, { withinMs: reportMsMax });
  return outcome.kind === "replied" ? parseNodeReport(outcome.payload) : null;
}

/** `host:port`, or `[::1]:port`. Port 0 is for those who listen: any free one. */
export function parseEndpoint(text: string): Address {
  const address = parseAddress(text);
  if (address !== null) return address;
  throw new UsageError(`Cannot use the address: wanted HOST:PORT, got "${text}"`);
}
