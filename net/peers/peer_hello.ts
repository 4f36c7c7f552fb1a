/**
 * The first frames on a connection between peers: who dials whom, for which cluster, in which life.
 * Pure: values in, values or a refusal out.
 *
 * Invariant: two nodes exchange messages only if both are of one cluster and one protocol version,
 * name the same members, are who the other meant, and neither is older than what the other has
 * already seen. Nodes that count majorities out of different members could form two at a time.
 *
 * @module
 */

import type { NodeId } from "../../raft/mod.ts";
import type { Refusal, WireValue } from "../wire/mod.ts";

/** Raised when frames or messages change so that older nodes cannot take part. */
export const PEER_PROTOCOL_VERSION = 2;

const DIAL_MARK = "kontiki-peer";
const ANSWER_MARK = "kontiki-peer-ok";
const REFUSAL_MARK = "kontiki-refused";

/** Longer names of clusters are a mistake. */
const CLUSTER_LENGTH_MAX = 32;

/** What the one who dials says first. */
export interface PeerHello {
  readonly cluster: string;
  readonly from: NodeId;
  readonly to: NodeId;
  /** Drawn anew at each start of a node, and higher each time: tells its lives apart. */
  readonly run: number;
  /** Counts the connections that this life dialled to this peer. */
  readonly dial: number;
  /** The ids of all nodes of the cluster, in ascending order, such as `1,2,3`. */
  readonly members: string;
}

/** What the one who was dialled says first, if all is well. */
export interface PeerAnswer {
  readonly cluster: string;
  readonly from: NodeId;
  readonly run: number;
}

/** A hello that does not fit, and why. */
export interface HelloRefusal {
  readonly refusal: Refusal;
  readonly detail: string;
}

/** The hello as a value. */
export function encodePeerHello(hello: PeerHello): WireValue {
  const { cluster, from, to, run, dial, members } = hello;
  return [DIAL_MARK, PEER_PROTOCOL_VERSION, cluster, from, to, run, dial, members];
}

/** The answer as a value. */
export function encodePeerAnswer({ cluster, from, run }: PeerAnswer): WireValue {
  return [ANSWER_MARK, PEER_PROTOCOL_VERSION, cluster, from, run];
}

/** The refusal as a value, for the log of the one who was refused. */
export function encodeHelloRefusal({ refusal, detail }: HelloRefusal): WireValue {
  return [REFUSAL_MARK, refusal, detail];
}

/** What a first frame says, for the one who was dialled. */
export function decodePeerHello(
  value: unknown,
  mine: { readonly cluster: string; readonly id: NodeId; readonly members: string },
): PeerHello | HelloRefusal {
  const fields = array(value);
  const [mark, version, cluster, from, to, run, dial, members] = fields;
  if (mark !== DIAL_MARK) return bad("wanted a hello of a peer");
  if (version !== PEER_PROTOCOL_VERSION) return bad(versionText(version));
  if (fields.length !== 8) return bad("wanted a hello of a peer");
  if (!isWhole(from) || !isWhole(to) || !isWhole(run) || !isWhole(dial)) return bad("wanted ids");
  const other = otherCluster(cluster, mine.cluster);
  if (other !== null) return other;
  if (to !== mine.id) return { refusal: "stranger", detail: `meant n${to}, this is n${mine.id}` };
  if (members !== mine.members) {
    const detail = `wanted members ${short(mine.members)}, got ${short(members)}`;
    return { refusal: "otherMembers", detail };
  }
  return { cluster: mine.cluster, from, to, run, dial, members: mine.members };
}

/** What the answer says, for the one who dialled. */
export function decodePeerAnswer(
  value: unknown,
  wanted: { readonly cluster: string; readonly id: NodeId },
): PeerAnswer | HelloRefusal {
  const fields = array(value);
  const [mark, version, cluster, from, run] = fields;
  if (mark === REFUSAL_MARK) return bad(`was refused: ${short(fields[1])}: ${short(fields[2])}`);
  if (mark !== ANSWER_MARK || fields.length !== 5) return bad("wanted the answer of a peer");
  if (version !== PEER_PROTOCOL_VERSION) return bad(versionText(version));
  if (!isWhole(from) || !isWhole(run)) return bad("wanted ids");
  const other = otherCluster(cluster, wanted.cluster);
  if (other !== null) return other;
  if (from !== wanted.id) {
    return { refusal: "stranger", detail: `wanted n${wanted.id}, got n${from}` };
  }
  return { cluster: wanted.cluster, from, run };
}

/** The text of a field of unknown origin, fit for a log. */
export function short(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return `${value}`;
  // Only what is printable: a stranger chooses these characters.
  if (typeof value === "string") return value.slice(0, 60).replaceAll(/[^\x20-\x7e]/g, "?");
  return `a value of type ${typeof value}`;
}

function otherCluster(got: unknown, wanted: string): HelloRefusal | null {
  if (got === wanted) return null;
  const detail = `wanted cluster ${short(wanted)}, got ${short(got)}`;
  return { refusal: "wrongCluster", detail };
}

function versionText(version: unknown): string {
  return `wanted protocol version ${PEER_PROTOCOL_VERSION}, got ${short(version)}`;
}

function bad(detail: string): HelloRefusal {
  return { refusal: "badHello", detail };
}

function array(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Throws if the name is unfit, at start, where a person can see it. */
export function checkClusterName(cluster: string): void {
  if (cluster.length > 0 && cluster.length <= CLUSTER_LENGTH_MAX) return;
  throw new RangeError(
    `Cannot use cluster name: wanted 1 to ${CLUSTER_LENGTH_MAX} characters, got ${cluster.length}`,
  );
}
