/**
 * What clients and servers say to each other: a hello each, then numbered requests and replies in
 * any order. Pure: values in, values out.
 *
 * @module
 */

import {
  type HelloRefusal,
  isWhole,
  MARK,
  otherCluster,
  type WireValue,
  wrongMark,
  wrongVersion,
} from "../wire/mod.ts";

/** Raised when old clients and new servers would no longer understand each other. */
const CLIENT_PROTOCOL_VERSION = 1;

/** Third element of a reply: what became of the request. */
export const REPLY_STATUS = {
  /** The handler answered; its answer follows. */
  answered: 0,
  /** Not executed, because too much is going on. Safe to send again, later. */
  overloaded: 1,
  /** Not executed, because this server knows no such request. A sentence follows. */
  unknownRequest: 2,
} as const;

/** First frame of a client. It may send requests right behind it. */
export function encodeClientHello(cluster: string | null): WireValue {
  const hello = [MARK.client, CLIENT_PROTOCOL_VERSION];
  return cluster === null ? hello : [...hello, cluster];
}

/** First frame of a server. */
export interface ServerHello {
  /** The name of its cluster. */
  readonly cluster: string;
  /** The node that answers. */
  readonly id: number;
}

/** One request, and the number its reply will carry. */
export interface RequestFrame {
  readonly number: number;
  readonly payload: WireValue;
  /** How long the client still waits for the reply, in milliseconds; `Infinity`: it does not say. */
  readonly withinMs: number;
}

/** One reply. */
export interface ReplyFrame {
  readonly number: number;
  readonly status: keyof typeof REPLY_STATUS;
  readonly payload: WireValue;
}

/** The server's hello as a value. */
export function encodeServerHello({ cluster, id }: ServerHello): WireValue {
  return [MARK.server, CLIENT_PROTOCOL_VERSION, cluster, id];
}

/** Why a first frame is not welcome here; `null`: it is. A client that names no cluster takes any. */
export function refuseClientHello(value: WireValue, cluster: string): HelloRefusal | null {
  const [mark, version, wanted = null] = Array.isArray(value) ? value : [];
  if (mark !== MARK.client) return wrongMark(mark, "client");
  if (version !== CLIENT_PROTOCOL_VERSION) return wrongVersion(version, CLIENT_PROTOCOL_VERSION);
  return wanted === null ? null : otherCluster(cluster, wanted);
}

/** The server's hello; `null`: it is none; a version: it is none that this client speaks. */
export function decodeServerHello(value: WireValue): ServerHello | HelloRefusal | null {
  if (!Array.isArray(value) || value[0] !== MARK.server) return null;
  const [, version, cluster, id] = value;
  if (version !== CLIENT_PROTOCOL_VERSION) return wrongVersion(version, CLIENT_PROTOCOL_VERSION);
  return typeof cluster === "string" && isWhole(id) ? { cluster, id } : null;
}

/** The request as a value. */
export function encodeRequestFrame({ number, payload, withinMs }: RequestFrame): WireValue {
  return withinMs === Infinity ? [number, payload] : [number, payload, Math.ceil(withinMs)];
}

/** The request, or `null` if it is none. */
export function decodeRequestFrame(value: WireValue): RequestFrame | null {
  if (!Array.isArray(value) || value.length < 2 || value.length > 3) return null;
  const [number, payload, within] = value;
  if (!isWhole(number) || payload === undefined) return null;
  if (within === undefined) return { number, payload, withinMs: Infinity };
  return isWhole(within) ? { number, payload, withinMs: within } : null;
}

/** The reply, or `null` if it is none. */
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
    default:
      return null;
  }
}
