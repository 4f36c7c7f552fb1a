/**
 * What clients and servers say to each other: a hello each, then numbered requests and replies in
 * any order. Pure: values in, values out.
 *
 * @module
 */

import type { WireValue } from "../wire/mod.ts";

/** Raised when old clients and new servers would no longer understand each other. */
const CLIENT_PROTOCOL_VERSION = 1;

const CLIENT_MARK = "kontiki-client";
const SERVER_MARK = "kontiki-server";

/** Third element of a reply: what became of the request. */
export const REPLY_STATUS = {
  /** The handler answered; its answer follows. */
  answered: 0,
  /** Not even looked at: too much is going on. Safe to send again, later. */
  overloaded: 1,
} as const;

/** First frame of a client. It may send requests right behind it. */
export const CLIENT_HELLO: WireValue = [CLIENT_MARK, CLIENT_PROTOCOL_VERSION];

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
}

/** One reply. */
export interface ReplyFrame {
  readonly number: number;
  readonly isAnswered: boolean;
  readonly payload: WireValue;
}

/** The server's hello as a value. */
export function encodeServerHello({ cluster, id }: ServerHello): WireValue {
  return [SERVER_MARK, CLIENT_PROTOCOL_VERSION, cluster, id];
}

/** Whether this is a client that we understand. */
export function isClientHello(value: WireValue): boolean {
  return Array.isArray(value) && value.length === 2 && value[0] === CLIENT_MARK &&
    value[1] === CLIENT_PROTOCOL_VERSION;
}

/** The server's hello, or `null` if it is none that we understand. */
export function decodeServerHello(value: WireValue): ServerHello | null {
  if (!Array.isArray(value) || value.length !== 4) return null;
  const [mark, version, cluster, id] = value;
  if (mark !== SERVER_MARK || version !== CLIENT_PROTOCOL_VERSION) return null;
  return typeof cluster === "string" && isNumber(id) ? { cluster, id } : null;
}

/** The request, or `null` if it is none. */
export function decodeRequestFrame(value: WireValue): RequestFrame | null {
  if (!Array.isArray(value) || value.length !== 2) return null;
  const [number, payload] = value;
  return isNumber(number) && payload !== undefined ? { number, payload } : null;
}

/** The reply, or `null` if it is none. */
export function decodeReplyFrame(value: WireValue): ReplyFrame | null {
  if (!Array.isArray(value) || value.length < 2) return null;
  const [number, status, payload = null] = value;
  if (!isNumber(number)) return null;
  if (status === REPLY_STATUS.answered) return { number, isAnswered: true, payload };
  return status === REPLY_STATUS.overloaded ? { number, isAnswered: false, payload: null } : null;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
