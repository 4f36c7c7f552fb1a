/**
 * A node as its port for clients shows it, and the nodes that it names.
 *
 * @module
 */

import { type Address, type ConnectFailure, parseAddress, RpcClient } from "../../../net/mod.ts";
import type { NodeId } from "../../../raft/mod.ts";
import {
  type NodeReport,
  parseNodeReport,
  REPORT_REQUEST,
  type SessionNode,
  UsageError,
} from "../../table/mod.ts";

/** How long a node may take to send its report before it counts as silent. */
const reportMsMax = 500;
/** A node, and how to reach it. */
export class RemoteNode implements SessionNode {
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

/** The nodes that other nodes have named in their reports. */
export async function othersOf(
  given: readonly RemoteNode[],
  cluster: string,
): Promise<RemoteNode[]> {
  const reached = given.filter((node) => node.id !== null);
  const reports = await Promise.all(reached.map((node) => node.report()));
  return newcomers(given, reports, cluster);
}

/** Nodes that reports name and that are not known yet. */
export function newcomers(
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

/** `host:port`, or `[::1]:port`. Port 0, which lets the system choose, is only for listening. */
export function parseEndpoint(text: string): Address {
  const address = parseAddress(text);
  if (address !== null) return address;
  throw new UsageError(`Cannot use the address: wanted HOST:PORT, got "${text}"`);
}
