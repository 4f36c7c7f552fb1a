/**
 * What a node says of itself, as it travels from a node to `kontiki status`: the state of the core,
 * and what it costs.
 *
 * @module
 */

import type { TablesReport } from "../../kv/mod.ts";
import type { Faults } from "../../net/mod.ts";
import type { NodeId, Status } from "../../raft/mod.ts";

/** How long a node's saves take. */
export interface SaveFigures {
  /** The number of saves since the start. */
  readonly count: number;
  /** The slowest hundredth of the latest thousand took at least this. */
  readonly p99Ms: number;
  /** The last save that was slow enough to cost leadership; `null`: there was none. */
  readonly lastSlow: { readonly ms: number; readonly agoMs: number } | null;
}

/** The feature level of the cluster, and the highest one that the node's program knows. */
export interface LevelFigures {
  readonly value: number;
  readonly known: number;
}

/** The state and the figures of one node. */
export interface NodeReport {
  readonly cluster: string;
  readonly id: NodeId;
  readonly status: Status;
  readonly diskBytes: number;
  readonly memoryBytes: number;
  /** Processor time since the start, in milliseconds. */
  readonly cpuMs: number;
  readonly uptimeMs: number;
  /** The longest time for which something held the event loop, in the last minutes. */
  readonly loopLagMs: number;
  readonly saves: SaveFigures;
  /** The tables of the store; `null`: its state is in memory. */
  readonly tables: TablesReport | null;
  /** `null`: the node runs a machine of the course's tests. */
  readonly level: LevelFigures | null;
  /** `null`: this node was started without a control socket. */
  readonly faults: Faults | null;
  /** Where the members listen for clients, as far as this node knows. */
  readonly clients: readonly ClientAddress[];
  /** The URL of its HTTP port; `null`: it has none, or none that other machines can reach. */
  readonly http: string | null;
}

/** What a node also says over its control socket: what it counted since its start. */
export interface CountingReport extends NodeReport {
  /** Messages to and from its peers. */
  readonly traffic: {
    readonly requests: number;
    readonly bytes: number;
    readonly incoming: number;
  };
  /** How often something was refused, by reason. */
  readonly peerRefusals: Readonly<Record<string, number>>;
  readonly clientRefusals: Readonly<Record<string, number>>;
}

/** Where one node listens for clients. */
export interface ClientAddress {
  readonly id: NodeId;
  readonly endpoint: string;
}

export { REPORT_REQUEST } from "../../net/mod.ts";

/** Merge all tables into one level; the answer is whether the node keeps tables. */
export const COMPACT_REQUEST = "compact";

/** Begins the request `["transfer", id]` to a leader: hand over to that node, or with 0 to any. */
export const TRANSFER_REQUEST = "transfer";

/**
 * Begins the request `["members", index, bytes]` to a leader: change the members, which entry `index`
 * holds, to these. The answer is the place of the change, or why there is none.
 */
export const MEMBERS_REQUEST = "members";

/** What `kontiki member` can do. */
export const MEMBER_ACTIONS = ["list", "add", "remove", "replace", "promote", "update"] as const;

/** What a client sends to learn which node it has reached, also one that belongs to no cluster yet. */
export const IDENTITY_REQUEST = "identity";

/** Which node it is, and where it is reached. */
export interface NodeIdentity {
  readonly cluster: string;
  /** Empty: it waits until a cluster adds it. */
  readonly clusterId: string;
  readonly id: NodeId;
  /** The incarnation of its folder. */
  readonly incarnation: string;
  readonly peer: string;
  readonly client: string;
}

/** An identity that came over the wire; `null` for any other value. */
export function parseNodeIdentity(value: unknown): NodeIdentity | null {
  const identity = value as NodeIdentity | null;
  const isIdentity = typeof identity === "object" && identity !== null &&
    typeof identity.id === "number" && typeof identity.incarnation === "string" &&
    typeof identity.clusterId === "string" && typeof identity.peer === "string" &&
    typeof identity.client === "string";
  return isIdentity ? identity : null;
}

/**
 * A report that came over the wire; `null` for any other value. Only the fields that commands rely
 * on are checked, since nodes of this program send it.
 */
export function parseNodeReport(value: unknown): NodeReport | null {
  const report = value as NodeReport | null;
  const isReport = typeof report === "object" && report !== null &&
    typeof report.id === "number" && typeof report.status === "object" &&
    typeof report.status?.role === "string" && typeof report.status.term === "number" &&
    Array.isArray(report.clients);
  return isReport ? report : null;
}

/** The leader of the newest term: an older leader may not have noticed yet that it was replaced. */
export function leaderOf(reports: readonly (NodeReport | null)[]): NodeReport | null {
  let leader: NodeReport | null = null;
  for (const report of reports) {
    if (report === null || report.status.role !== "leader") continue;
    if (leader === null || report.status.term > leader.status.term) leader = report;
  }
  return leader;
}
