/**
 * The frames between clients and servers: a hello of each, then numbered requests and replies in
 * any order. Pure.
 *
 * @module
 */

import {
  agree,
  agreed,
  type Agreement,
  type ClusterName,
  type HelloRefusal,
  isWhole,
  MARK,
  otherCluster,
  type Versions,
  type WireValue,
  wrongMark,
} from "../wire/mod.ts";

/** What this program speaks with clients. Version 1 named one version instead of a range. */
export const CLIENT_VERSIONS: Versions = { lowest: 2, highest: 2, features: 0 };

/** The one group of servers that there is. */
const GROUP = 0;

/** Third element of a reply: the outcome of the request. */
export const REPLY_STATUS = {
  /** The handler answered; its answer follows. */
  answered: 0,
  /** Not executed, because the server has too much to do. Safe to send again, later. */
  overloaded: 1,
  /** Not executed, because this server does not know the request. A sentence follows. */
  unknownRequest: 2,
  /** A part of a stream; more follow. A stream ends with any of the others. */
  part: 3,
} as const;

/** Which cluster a client wants; without a name, or without an id, any. */
export interface WantedCluster {
  readonly cluster: string | null;
  readonly clusterId: string | null;
}

/** First frame of a client, which may send requests immediately after it. */
export function encodeClientHello(
  { cluster, clusterId }: WantedCluster,
  { lowest, highest, features }: Versions = CLIENT_VERSIONS,
): WireValue {
  return [MARK.client, lowest, highest, features, cluster, clusterId];
}

/** First frame of a server. */
export interface ServerHello {
  /** The name of its cluster. */
  readonly cluster: string;
  /** The id of its cluster; empty where it has none. */
  readonly clusterId: string;
  /** The node that answers. */
  readonly id: number;
}

/** One request, and the number its reply will carry. */
export interface RequestFrame {
  readonly number: number;
  readonly payload: WireValue;
  /** How long the client still waits for the reply, in milliseconds; `Infinity` if not given. */
  readonly withinMs: number;
}

/** A request that is answered by a stream, or more credit for one that is open. */
export interface StreamFrame {
  readonly number: number;
  /** `null`: the stream is open. */
  readonly payload: WireValue;
  /** The number of bytes that the client takes, or takes more; 0: it wants the stream to end. */
  readonly credit: number;
}

/** One reply. */
export interface ReplyFrame {
  readonly number: number;
  readonly status: keyof typeof REPLY_STATUS;
  readonly payload: WireValue;
}

/** The server's hello as a value. */
export function encodeServerHello(
  { cluster, clusterId, id }: ServerHello,
  { version, features }: Agreement,
): WireValue {
  return [MARK.server, version, features, cluster, clusterId, id];
}

/**
 * What a server uses with a client, by its first frame, or the refusal. A client that names no cluster
 * accepts any.
 */
export function decodeClientHello(
  value: WireValue,
  { cluster, clusterId }: Pick<ServerHello, "cluster" | "clusterId">,
): Agreement | HelloRefusal {
  const [mark, lowest, highest, features, name, id] = Array.isArray(value) ? value : [];
  if (mark !== MARK.client) return wrongMark(mark, "client");
  const agreement = agree([lowest, highest, features], CLIENT_VERSIONS);
  if ("refusal" in agreement) return agreement;
  const wanted = { name: name ?? cluster, clusterId: id ?? clusterId };
  return otherCluster({ name: cluster, clusterId }, wanted as ClusterName) ?? agreement;
}

/** The server's hello; `null` if it is not one; a refusal if its version is not supported. */
export function decodeServerHello(value: WireValue): ServerHello | HelloRefusal | null {
  if (!Array.isArray(value) || value[0] !== MARK.server) return null;
  const [, version, features, cluster, clusterId, id] = value;
  const agreement = agreed([version, features], CLIENT_VERSIONS);
  if ("refusal" in agreement) return agreement;
  const isOne = typeof cluster === "string" && typeof clusterId === "string" && isWhole(id);
  return isOne ? { cluster, clusterId, id } : null;
}

/** The request as a value. */
export function encodeRequestFrame({ number, payload, withinMs }: RequestFrame): WireValue {
  return withinMs === Infinity ? [number, payload] : [number, payload, Math.ceil(withinMs)];
}

/** The request; `null` if the value is not a request. Fields of later versions are passed over. */
export function decodeRequestFrame(value: WireValue): RequestFrame | null {
  if (!Array.isArray(value) || value.length < 2) return null;
  const [number, payload, within = null, credit = null, group = GROUP] = value;
  if (!isWhole(number) || payload === undefined || credit !== null || group !== GROUP) return null;
  if (within === null) return { number, payload, withinMs: Infinity };
  return isWhole(within) ? { number, payload, withinMs: within } : null;
}

/** The request of a stream as a value. */
export function encodeOpenFrame({ number, payload, credit }: StreamFrame): WireValue {
  return [number, payload, null, credit];
}

/** More credit for a stream as a value; 0: the stream shall end. */
export function encodeCreditFrame(number: number, credit: number): WireValue {
  return [number, null, null, credit];
}

/** The frame of a stream; `null` if the value is none. */
export function decodeStreamFrame(value: WireValue): StreamFrame | null {
  if (!Array.isArray(value)) return null;
  const [number, payload, within, credit, group = GROUP] = value;
  if (!isWhole(number) || payload === undefined || within !== null || !isWhole(credit)) return null;
  if (group !== GROUP) return null;
  return { number, payload, credit };
}

/** The reply; `null` if the value is not a reply. */
export function decodeReplyFrame(value: WireValue): ReplyFrame | null {
  if (!Array.isArray(value) || value.length < 2) return null;
  const [number, code, payload = null] = value;
  if (!isWhole(number)) return null;
  switch (code) {
    case REPLY_STATUS.answered:
      return { number, status: "answered", payload };
    case REPLY_STATUS.overloaded:
      return { number, status: "overloaded", payload };
    case REPLY_STATUS.unknownRequest:
      return { number, status: "unknownRequest", payload };
    case REPLY_STATUS.part:
      return { number, status: "part", payload };
    default:
      return null;
  }
}
