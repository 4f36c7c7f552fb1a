/**
 * The first frames on a connection between peers: which node of which cluster dials which, and in
 * which of its runs. Pure: values in, values or a refusal out.
 *
 * Invariant: two nodes exchange messages only if both are of one cluster and one protocol version,
 * began with the same members (unless one was added later), each is the node that the other meant, and
 * neither is older than what the other has already seen. Nodes that began with different members could
 * form two majorities at a time.
 *
 * @module
 */

import type { NodeId } from "../../raft/mod.ts";
import {
  decodeHelloRefusal,
  type HelloRefusal,
  isWhole,
  MARK,
  otherCluster,
  printable,
  type WireValue,
  wrongMark,
  wrongVersion,
} from "../wire/mod.ts";

/** Increased with every change of frames or messages that older nodes cannot read. */
export const PEER_PROTOCOL_VERSION = 3;

/** The longest name of a cluster; a longer one is probably a mistake. */
const CLUSTER_LENGTH_MAX = 32;

/**
 * There are two connections in each direction between two nodes. Long messages have one of their own,
 * so that heartbeats, votes and acknowledgements never wait behind them.
 */
export const LINES = ["small", "bulk"] as const;

/**
 * The kind of messages on a connection. Its number on the wire is its index in {@linkcode LINES}.
 */
export type Line = typeof LINES[number];

/** First frame of the node that dials. */
export interface PeerHello {
  readonly cluster: string;
  readonly from: NodeId;
  readonly to: NodeId;
  /** A random number, higher at each start of a node. It tells the runs of a node apart. */
  readonly run: number;
  /** Counts the connections that this run has dialled to this peer for this line. */
  readonly dial: number;
  /** The kind of messages on this connection. */
  readonly line: Line;
  /** The ids with which the cluster began, such as `1,2,3`; empty from a node that was added to it. */
  readonly members: string;
  /** Where the sender listens for peers, `HOST:PORT`; empty if it does not know. */
  readonly address: string;
}

/** First frame of the node that was dialled, if it accepts the hello. */
export interface PeerAnswer {
  readonly cluster: string;
  readonly from: NodeId;
  readonly run: number;
}

/** The hello as a value. */
export function encodePeerHello(hello: PeerHello): WireValue {
  const { cluster, from, to, run, dial, members, address } = hello;
  const line = LINES.indexOf(hello.line);
  return [MARK.peer, PEER_PROTOCOL_VERSION, cluster, from, to, run, dial, members, line, address];
}

/** The answer as a value. */
export function encodePeerAnswer({ cluster, from, run }: PeerAnswer): WireValue {
  return [MARK.peerAnswer, PEER_PROTOCOL_VERSION, cluster, from, run];
}

/** The hello in a first frame, for the node that was dialled. */
export function decodePeerHello(
  value: WireValue,
  mine: { readonly cluster: string; readonly id: NodeId; readonly members: string },
): PeerHello | HelloRefusal {
  const fields = array(value);
  const [mark, version, cluster, from, to, run, dial, members, place, address] = fields;
  if (mark !== MARK.peer) return wrongMark(mark, "peer");
  if (version !== PEER_PROTOCOL_VERSION) return wrongVersion(version, PEER_PROTOCOL_VERSION);
  if (fields.length !== 10 || typeof address !== "string") return bad("wanted the hello of a peer");
  if (!isWhole(from) || !isWhole(to) || !isWhole(run) || !isWhole(dial)) return bad("wanted ids");
  const line = isWhole(place) ? LINES[place] : undefined;
  if (line === undefined) return bad(`wanted line 0 or 1, got ${printable(place)}`);
  const other = otherCluster(cluster, mine.cluster);
  if (other !== null) return other;
  if (to !== mine.id) return { refusal: "notAPeer", detail: `meant n${to}, this is n${mine.id}` };
  if (members !== "" && mine.members !== "" && members !== mine.members) {
    const detail = `wanted members ${printable(mine.members)}, got ${printable(members)}`;
    return { refusal: "otherMembers", detail };
  }
  return { cluster: mine.cluster, from, to, run, dial, members: mine.members, line, address };
}

/** The answer to a hello, for the node that dialled. */
export function decodePeerAnswer(
  value: WireValue,
  wanted: { readonly cluster: string; readonly id: NodeId },
): PeerAnswer | HelloRefusal {
  const refused = decodeHelloRefusal(value);
  if (refused !== null) return bad(`was refused: ${refused.reason}: ${refused.detail}`);
  const fields = array(value);
  const [mark, version, cluster, from, run] = fields;
  if (mark !== MARK.peerAnswer || fields.length !== 5) return bad("wanted the answer of a peer");
  if (version !== PEER_PROTOCOL_VERSION) return wrongVersion(version, PEER_PROTOCOL_VERSION);
  if (!isWhole(from) || !isWhole(run)) return bad("wanted ids");
  const other = otherCluster(cluster, wanted.cluster);
  if (other !== null) return other;
  if (from !== wanted.id) {
    return { refusal: "notAPeer", detail: `wanted n${wanted.id}, got n${from}` };
  }
  return { cluster: wanted.cluster, from, run };
}

function bad(detail: string): HelloRefusal {
  return { refusal: "badHello", detail };
}

function array(value: WireValue): readonly WireValue[] {
  return Array.isArray(value) ? value : [];
}

/** Throws for a name that cannot be used, at the start, while an operator is there. */
export function checkClusterName(cluster: string): void {
  if (cluster.length > 0 && cluster.length <= CLUSTER_LENGTH_MAX) return;
  throw new RangeError(
    `Cannot use cluster name: wanted 1 to ${CLUSTER_LENGTH_MAX} characters, got ${cluster.length}`,
  );
}
