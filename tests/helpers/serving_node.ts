/**
 * Nodes of the store in this process, for tests.
 *
 * @module
 */

import { type NodeSettings, type RunningNode, runNode } from "../../cli/node/mod.ts";
import { connect, type StoreClient } from "../../net/store/mod.ts";
import { listLog } from "./list_log.ts";
import { withFolder } from "./with_folder.ts";

/** Starts a node of the store: by default alone in its cluster, on free ports, without a log. */
export function startNode(
  settings: Pick<NodeSettings, "data"> & Partial<NodeSettings>,
): Promise<RunningNode> {
  const { peers = new Map([[1, null]]), id = 1 } = settings;
  return runNode({
    id,
    cluster: "test",
    peers,
    listen: peers.get(id) ?? null,
    clients: { hostname: "127.0.0.1", port: 0 },
    entry: { kind: "bootstrap" },
    hasIds: false,
    control: false,
    machine: "kv",
    tickMs: 25,
    logBytesMax: 2 ** 20,
    log: listLog([]),
    isTraced: false,
    ...settings,
  });
}

/** A client of the nodes. */
export function storeOf(nodes: readonly RunningNode[]): StoreClient {
  return connect(nodes.map(({ clients }) => `${clients!.hostname}:${clients!.port}`));
}

/** Runs with a cluster of one node, and the address at which it serves clients. */
export function withServingNode<Result>(
  work: (endpoint: string, node: RunningNode) => Promise<Result>,
): Promise<Result> {
  return withFolder(async (folder) => {
    const node = await startNode({ data: folder, tickMs: 10 });
    try {
      return await work(`127.0.0.1:${node.clients!.port}`, node);
    } finally {
      await node.stop();
    }
  });
}
