/**
 * A node in this process that serves the store, for tests of its clients.
 *
 * @module
 */

import { type RunningNode, runNode } from "../../cli/node/mod.ts";
import { listLog } from "./list_log.ts";
import { withFolder } from "./with_folder.ts";

/** Runs with a cluster of one node, and the address at which it serves clients. */
export function withServingNode<Result>(
  work: (endpoint: string, node: RunningNode) => Promise<Result>,
): Promise<Result> {
  return withFolder(async (folder) => {
    const node = await runNode({
      id: 1,
      cluster: "test",
      peers: new Map([[1, null]]),
      clients: { hostname: "127.0.0.1", port: 0 },
      data: folder,
      isExisting: false,
      control: false,
      machine: "kv",
      tickMs: 10,
      logBytesMax: 2 ** 20,
      log: listLog([]),
      isTraced: false,
    });
    try {
      return await work(`127.0.0.1:${node.clients!.port}`, node);
    } finally {
      await node.stop();
    }
  });
}
