/**
 * Opens a cluster for a command: finds its nodes from the flags or from a local cluster's folder.
 *
 * Invariant: every session that was opened is closed, also after an error and Ctrl-C.
 *
 * @module
 */

import type { Faults } from "../../net/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import {
  type CommandContext,
  CommandError,
  type CommandRow,
  type Ending,
  type FaultControl,
  type Output,
  type ProcessControl,
  type Session,
  type ShellCode,
} from "../table/mod.ts";
import { type ClusterFile, nodeFolder, readClusterFile } from "./local_cluster.ts";
import { controlFaults, setControlFaults } from "./node_control.ts";
import { makeSession, othersOf, RemoteNode } from "./remote/mod.ts";

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
