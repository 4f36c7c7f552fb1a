/**
 * The first frames on a connection between peers: which node of which cluster dials which, and in
 * which of its runs. Pure: values in, values or a refusal out.
 *
 * Invariant: two nodes exchange messages only if both are of one cluster and speak a common version,
 * each is the node, with the folder, that the other meant (I1, I2), and neither is older than what the
 * other has already seen. Where no cluster has an id, both began with the same members, unless one was
 * added later: nodes that began with different members could form two majorities at a time.
 *
 * @module
 */

import { NO_STARTS, type NodeId, type Position, type Starts } from "../../raft/mod.ts";
import {
  agree,
  agreed,
  type Agreement,
  decodeHelloRefusal,
  type HelloRefusal,
  isWhole,
  MARK,
  otherCluster,
  type PeerIdentity,
  printable,
  type Versions,
  type WireValue,
  wrongMark,
} from "../wire/mod.ts";

/** What this program speaks with peers. Versions up to 3 knew no ranges. */
export const PEER_VERSIONS: Versions = { lowest: 4, highest: 4, features: 0 };

/** The id of the group of servers; a process serves only one so far. */
const GROUP = 0;

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

/** The longest list of starts that is read. */
const STARTS_MAX = 256;

/** First frame of the node that dials. */
export interface PeerHello {
  readonly versions: Versions;
  readonly cluster: string;
  /** Empty: the sender belongs to no cluster yet. */
  readonly clusterId: string;
  readonly from: NodeId;
  /** The incarnation of the sender's folder. */
  readonly incarnation: string;
  /** The incarnation that the sender expects of the receiver; empty: any. */
  readonly wanted: string;
  readonly to: NodeId;
  /** A random number, higher at each start of a node. It tells the runs of a node apart. */
  readonly run: number;
  /** Counts the connections that this run has dialled to this peer for this line. */
  readonly dial: number;
  /** The kind of messages on this connection. */
  readonly line: Line;
  /**
   * The ids with which the cluster began, such as `1,2,3`; empty from a node that was added to it.
   * Compared only where there is no cluster id.
   */
  readonly members: string;
  /** Where the sender listens for peers, `HOST:PORT`; empty if it does not know. */
  readonly address: string;
  /** For a node that has no cluster yet: the members with which the cluster began. */
  readonly certificate: Uint8Array | null;
  /** The place of its log from which the sender knows the members; zeros: from the beginning. */
  readonly asOf: Position;
  /** Where the sender serves clients, `HOST:PORT`; empty if it does not. */
  readonly client: string;
  /** The term and the last entry of the sender's folder when it was opened; `null`: it does not say. */
  readonly held: Position | null;
  /** The starts of the sender's folder, with this one. */
  readonly starts: Starts;
}

/** First frame of the node that was dialled, if it accepts the hello. */
export interface PeerAnswer {
  readonly cluster: string;
  readonly clusterId: string;
  readonly from: NodeId;
  readonly incarnation: string;
  readonly run: number;
  /** As in the hello. */
  readonly asOf: Position;
}

/** The hello as a value. */
export function encodePeerHello(hello: PeerHello): WireValue {
  const { lowest, highest, features } = hello.versions;
  const { cluster, clusterId, from, incarnation, to, wanted, run, dial } = hello;
  const { members, address, certificate, asOf, client, held, starts } = hello;
  const line = LINES.indexOf(hello.line);
  const place = [cluster, clusterId, GROUP, from, incarnation, to, wanted, run, dial, line];
  const later: WireValue[] = [members, address, certificate, asOf.term, asOf.index, client];
  if (held !== null) later.push(held.term, held.index, starts.latest, starts.drawn);
  return [MARK.peer, lowest, highest, features, ...place, ...later];
}

/** The answer as a value. */
export function encodePeerAnswer(
  { cluster, clusterId, from, incarnation, run, asOf: { term, index } }: PeerAnswer,
  { version, features }: Agreement,
): WireValue {
  const ids = [cluster, clusterId, from, incarnation, run, term, index];
  return [MARK.peerAnswer, version, features, ...ids];
}

/** Why an answer that was accepted would not be any more; `null`: it still would. */
export function refuseAnswer({ from, ...answer }: PeerAnswer, mine: Self): HelloRefusal | null {
  return refuseFolder({ id: from, ...answer }, mine);
}

/** What a node is, for the judgement of hellos and answers. */
export interface Self extends Pick<PeerIdentity, "clusterId" | "incarnation"> {
  readonly cluster: string;
  readonly id: NodeId;
  /** The incarnation of a member's folder; empty: it is no member, or any folder will do. */
  readonly incarnationOf: (id: NodeId) => string;
  /** The place of its log from which it knows the members. */
  readonly asOf: Position;
  readonly members: string;
  readonly versions: Versions;
}

/** The fields of a hello, before it is known whether it is welcome; fields of later versions are passed over. */
export function decodePeerHello(
  value: WireValue,
  mine: Pick<Self, "versions">,
): PeerHello & Agreement | HelloRefusal {
  const fields = array(value);
  const [mark, lowest, highest, features, ...rest] = fields;
  if (mark !== MARK.peer) return wrongMark(mark, "peer");
  const agreement = agree([lowest, highest, features], mine.versions);
  if ("refusal" in agreement) return agreement;
  const [cluster, clusterId, group, from, incarnation, to, wanted, run, dial, place] = rest;
  const [members, address, certificate = null, term = 0, index = 0, client = ""] = rest.slice(10);
  const [heldTerm, heldIndex, latest, drawn] = rest.slice(16);
  if (!isWhole(from) || !isWhole(to) || !isWhole(run) || !isWhole(dial)) return bad("wanted ids");
  if (!isWhole(term) || !isWhole(index)) return bad("wanted a place of the log");
  const line = isWhole(place) ? LINES[place] : undefined;
  if (line === undefined) return bad(`wanted line 0 or 1, got ${printable(place)}`);
  if (group !== GROUP) return bad(`wanted group ${GROUP}, got ${printable(group)}`);
  if (!isText(cluster) || !isText(clusterId) || !isText(incarnation) || !isText(wanted)) {
    return bad("wanted names");
  }
  if (
    !isText(members) || !isText(address) || !isText(client) ||
    certificate !== null && !(certificate instanceof Uint8Array)
  ) {
    return bad("wanted members");
  }
  const versions = { lowest, highest, features } as Versions;
  const ids = { cluster, clusterId, from, incarnation, to, wanted, run, dial, line };
  const asOf = { term, index };
  const held = isWhole(heldTerm) && isWhole(heldIndex)
    ? { term: heldTerm, index: heldIndex }
    : null;
  const about = { members, address, certificate, asOf, client, held };
  return { ...agreement, versions, ...ids, ...about, starts: startsOf(latest, drawn) };
}

function startsOf(latest: WireValue | undefined, drawn: WireValue | undefined): Starts {
  if (!isWhole(latest) || !Array.isArray(drawn) || !drawn.every(isWhole)) return NO_STARTS;
  return { latest, drawn: drawn.slice(-STARTS_MAX) };
}

/** Why a hello is not welcome; `null`: it is. */
export function refusePeer(hello: PeerHello, mine: Self): HelloRefusal | null {
  const { cluster, clusterId, from, incarnation, to, wanted, members } = hello;
  if (cluster !== mine.cluster) return otherCluster(nameOf(hello), nameOf(mine));
  if (to !== mine.id) return { refusal: "notAPeer", detail: `meant n${to}, this is n${mine.id}` };
  const hasIds = clusterId !== "" || mine.clusterId !== "";
  if (!hasIds && members !== "" && mine.members !== "" && members !== mine.members) {
    const detail = `wanted members ${printable(mine.members)}, got ${printable(members)}`;
    return { refusal: "otherMembers", detail };
  }
  const refusal = refuseFolder({ id: from, clusterId, incarnation, asOf: hello.asOf }, mine);
  // The members that this node knows are no older: the folder of the sender has left before.
  if (refusal?.refusal === "otherFolder" && clusterId !== "") {
    return { refusal: "replaced", detail: refusal.detail };
  }
  if (refusal !== null || wanted === "" || wanted === mine.incarnation) return refusal;
  // The sender may not know yet that this node has taken the place of the folder that it means.
  if (isLater(mine.asOf, hello.asOf)) return null;
  const detail = `n${from} knows n${to} by another folder: incarnation ${printable(wanted)}, ` +
    `got ${mine.incarnation}`;
  return { refusal: "otherFolder", detail };
}

/** Whether the members as of one place of the log are newer than those as of another. */
function isLater(one: Position, other: Position): boolean {
  return one.term > other.term || (one.term === other.term && one.index > other.index);
}

/**
 * Why the folder of the other node is not the one of the member with its number (D8). A node of this
 * cluster that knows later members than this node has taken the place of the folder that this node
 * knows: it holds the log up to that place, so it forgot nothing (I5).
 */
function refuseFolder(
  { id, clusterId, incarnation, asOf }:
    & Pick<PeerAnswer, "clusterId" | "incarnation" | "asOf">
    & { readonly id: NodeId },
  mine: Self,
): HelloRefusal | null {
  const known = mine.incarnationOf(id);
  if (mine.clusterId === "" && clusterId !== "") {
    return { refusal: "unborn", detail: `n${mine.id} belongs to no cluster yet` };
  }
  const isKnown = known === "" || known === incarnation;
  if (clusterId === "" && mine.clusterId !== "" && isKnown) {
    return known === ""
      ? { refusal: "notAMember", detail: `n${id} is no member of the cluster ${mine.cluster}` }
      : { refusal: "unborn", detail: `n${id} belongs to no cluster yet` };
  }
  if (clusterId !== "" && clusterId !== mine.clusterId) {
    return otherCluster({ name: mine.cluster, clusterId }, nameOf(mine));
  }
  if (isKnown || (clusterId !== "" && isLater(asOf, mine.asOf))) return null;
  const detail = `n${id} is known by another folder: incarnation ${known}, ` +
    `got ${printable(incarnation) || "none"}`;
  return { refusal: "otherFolder", detail };
}

/** The answer to a hello, for the node that dialled. */
export function decodePeerAnswer(
  value: WireValue,
  mine: Self & { readonly peer: NodeId },
): PeerAnswer & Agreement | HelloRefusal {
  const refused = decodeHelloRefusal(value);
  if (refused !== null) return bad(`was refused: ${refused.reason}: ${refused.detail}`);
  const fields = array(value);
  const [mark, version, features, cluster, clusterId, from, incarnation, run] = fields;
  const [term = 0, index = 0] = fields.slice(8);
  if (mark !== MARK.peerAnswer) return bad("wanted the answer of a peer");
  const agreement = agreed([version, features], mine.versions);
  if ("refusal" in agreement) return agreement;
  if (!isWhole(from) || !isWhole(run)) return bad("wanted ids");
  if (!isWhole(term) || !isWhole(index)) return bad("wanted a place of the log");
  if (!isText(cluster) || !isText(clusterId) || !isText(incarnation)) return bad("wanted names");
  const other = cluster === mine.cluster
    ? null
    : otherCluster({ name: cluster, clusterId }, nameOf(mine));
  if (other !== null) return other;
  if (from !== mine.peer) {
    return { refusal: "notAPeer", detail: `wanted n${mine.peer}, got n${from}` };
  }
  const asOf = { term, index };
  const refusal = refuseFolder({ id: from, clusterId, incarnation, asOf }, mine);
  if (refusal !== null) return refusal;
  return { ...agreement, cluster, clusterId, from, incarnation, run, asOf };
}

function nameOf({ cluster, clusterId }: Pick<Self, "cluster" | "clusterId">) {
  return { name: cluster, clusterId };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
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
