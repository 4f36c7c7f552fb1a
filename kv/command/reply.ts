/**
 * What clients of the store get back: types and bytes.
 *
 * @module
 */

import { type NodeId, Slab } from "../../raft/mod.ts";
import { type BatchResult, readResult, writeResult } from "./batch.ts";
import { getNumber, orNull, Reader, setNumber, viewOf, Writer } from "./bytes.ts";

/** What a server answers. */
export type Reply =
  /** The key has this value. */
  | { readonly type: "value"; readonly value: Uint8Array; readonly version: number }
  /** The put was executed. */
  | { readonly type: "stored" }
  /** The key does not exist (a get, or a put with a version above 0). */
  | { readonly type: "noKey" }
  /** The key has this version, the put named another; the put was not executed. */
  | { readonly type: "wrongVersion"; readonly version: number }
  /** The store has no room for this write, which was not executed and never will be. */
  | { readonly type: "full" }
  /** Ask that server, or any other. This request was not executed and never will be. */
  | { readonly type: "wrongLeader"; readonly leader: NodeId | null }
  /** The server lost track: this request was or will be executed, or not. */
  | { readonly type: "unknown"; readonly leader: NodeId | null }
  /** Too busy: ask later. This request was not executed and never will be. */
  | { readonly type: "overloaded" }
  /** Not a request that any server would execute. */
  | { readonly type: "refused" }
  /** The outcome of a batch. */
  | { readonly type: "batch"; readonly result: BatchResult }
  /** The revision that was to be read is gone; this is the oldest that is there. */
  | { readonly type: "compacted"; readonly oldest: number }
  /** The revision that was to be read is not there yet; this is the newest. */
  | { readonly type: "future"; readonly newest: number }
  /** The steady time of the log, in milliseconds. */
  | { readonly type: "time"; readonly steady: number }
  /** The session is forgotten, or its client no longer wants this answer: not executed now. */
  | { readonly type: "sessionGone" }
  /** Not every member knows such a request yet; the reason names them. It was not executed. */
  | { readonly type: "unsupported"; readonly reason: string }
  /** The batch could not be executed as it is, for this reason. It changed nothing. */
  | { readonly type: "invalid"; readonly reason: string };

const CODES = {
  stored: 0,
  value: 1,
  noKey: 2,
  wrongVersion: 3,
  wrongLeader: 4,
  unknown: 5,
  overloaded: 6,
  refused: 7,
  full: 8,
  batch: 9,
  compacted: 10,
  future: 11,
  invalid: 12,
  time: 13,
  sessionGone: 14,
  unsupported: 16,
} as const satisfies Record<Reply["type"], number>;

/** Values of gets, which soon leave on a connection. */
const values = new Slab();
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Makes the bytes of a reply. */
export function encodeReply(reply: Reply): Uint8Array {
  switch (reply.type) {
    case "value": {
      const bytes = values.take(9 + reply.value.length);
      bytes[0] = CODES.value;
      setNumber(bytes, 1, reply.version);
      bytes.set(reply.value, 9);
      return bytes;
    }
    case "wrongLeader":
    case "unknown": {
      const bytes = new Uint8Array(5);
      bytes[0] = CODES[reply.type];
      viewOf(bytes).setUint32(1, reply.leader ?? 0);
      return bytes;
    }
    case "wrongVersion":
      return withNumber(CODES.wrongVersion, reply.version);
    case "compacted":
      return withNumber(CODES.compacted, reply.oldest);
    case "future":
      return withNumber(CODES.future, reply.newest);
    case "time":
      return withNumber(CODES.time, reply.steady);
    case "stored":
    case "sessionGone":
    case "noKey":
    case "full":
    case "overloaded":
    case "refused":
      return Uint8Array.of(CODES[reply.type]);
    case "batch": {
      const to = new Writer();
      to.u8(CODES.batch);
      writeResult(to, reply.result);
      return to.finish();
    }
    case "invalid":
    case "unsupported":
      return Uint8Array.of(CODES[reply.type], ...encoder.encode(reply.reason));
    default:
      return reply satisfies never;
  }
}

/** Whether these bytes say that a revision is not there yet. */
export function isFuture(bytes: Uint8Array): boolean {
  return bytes[0] === CODES.future;
}

/** Reads a reply, or `null`: these bytes are none. Values are views, not copies. */
export function decodeReply(bytes: Uint8Array): Reply | null {
  switch (bytes[0]) {
    case CODES.value: {
      const version = bytes.length < 9 ? null : getNumber(bytes, 1);
      return version === null ? null : { type: "value", value: bytes.subarray(9), version };
    }
    case CODES.wrongVersion:
    case CODES.compacted:
    case CODES.time:
    case CODES.future: {
      const number = bytes.length !== 9 ? null : getNumber(bytes, 1);
      if (number === null) return null;
      if (bytes[0] === CODES.compacted) return { type: "compacted", oldest: number };
      if (bytes[0] === CODES.time) return { type: "time", steady: number };
      if (bytes[0] === CODES.future) return { type: "future", newest: number };
      return { type: "wrongVersion", version: number };
    }
    case CODES.wrongLeader:
    case CODES.unknown: {
      if (bytes.length !== 5) return null;
      const leader = viewOf(bytes).getUint32(1) || null;
      return { type: bytes[0] === CODES.unknown ? "unknown" : "wrongLeader", leader };
    }
    case CODES.batch:
      return orNull(() => ({ type: "batch", result: readResult(new Reader(bytes, 1)) }));
    case CODES.invalid:
      return decodeReason("invalid", bytes);
    case CODES.unsupported:
      return decodeReason("unsupported", bytes);
  }
  return bytes.length === 1 ? shortReply(bytes[0]!) : null;
}

function shortReply(code: number): Reply | null {
  switch (code) {
    case CODES.stored:
      return { type: "stored" };
    case CODES.noKey:
      return { type: "noKey" };
    case CODES.sessionGone:
      return { type: "sessionGone" };
    case CODES.overloaded:
      return { type: "overloaded" };
    case CODES.refused:
      return { type: "refused" };
    case CODES.full:
      return { type: "full" };
    default:
      return null;
  }
}

function decodeReason(type: "invalid" | "unsupported", bytes: Uint8Array): Reply | null {
  try {
    return { type, reason: decoder.decode(bytes.subarray(1)) };
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function withNumber(code: number, number: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = code;
  setNumber(bytes, 1, number);
  return bytes;
}
