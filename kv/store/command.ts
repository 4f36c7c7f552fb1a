/**
 * What clients ask of the store and what they get back: types and bytes. The bytes of a request are
 * made once, by the client, and go unchanged into the log and into {@linkcode KvStore}.
 *
 * Not here: who is asked, and what the store does. Bytes that are no request are a value
 * ({@linkcode decodeRequest} returns `null`), never an exception: they may stand in a log.
 *
 * `docs/protocol.md` shows every byte.
 *
 * @module
 */

import type { NodeId } from "../../raft/mod.ts";

/** Read a key. */
export interface Get {
  /** Tells it from the other commands. */
  readonly type: "get";
  /** Which key to read. */
  readonly key: string;
}

/** Write a key if it has this version. A key that is absent has version 0. */
export interface Put {
  /** Tells it from the other commands. */
  readonly type: "put";
  /** Which key to write. */
  readonly key: string;
  /** What it shall hold. */
  readonly value: Uint8Array;
  /** The version it must have; 0 for a key that must not exist. */
  readonly version: number;
}

/** All that clients ask. */
export type Request = Get | Put;

/** What a server answers. */
export type Reply =
  /** The key has this value. */
  | { readonly type: "value"; readonly value: Uint8Array; readonly version: number }
  /** The put was executed. */
  | { readonly type: "stored" }
  /** The key does not exist (a get, or a put with a version above 0). */
  | { readonly type: "noKey" }
  /** The key has this version, not the one that the put named; the put was not executed. */
  | { readonly type: "wrongVersion"; readonly version: number }
  /** The store has no room for this put, which was not executed and never will be. */
  | { readonly type: "full" }
  /** Ask that server, or any other. This request was not executed and never will be. */
  | { readonly type: "wrongLeader"; readonly leader: NodeId | null }
  /** The server lost track: this request was or will be executed, or not. */
  | { readonly type: "unknown"; readonly leader: NodeId | null }
  /** Too busy: ask later. This request was not executed and never will be. */
  | { readonly type: "overloaded" }
  /** Not a request that any server would execute. */
  | { readonly type: "refused" };

/** Longest key, in bytes of UTF-8. */
export const KEY_BYTES_MAX = 4096;

/** Longest value, in bytes. */
export const VALUE_BYTES_MAX = 1024 * 1024;

const GET_CODE = 1;
const PUT_CODE = 2;

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
} as const;

const encoder = new TextEncoder();
// A byte order mark is part of a key like any other character: two keys must never become one.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const GET_HEADER_BYTES = 3;
const PUT_HEADER_BYTES = 11;

/** Makes the bytes of a request. Throws a `RangeError` for one that no server would execute. */
export function encodeRequest(request: Request): Uint8Array {
  const key = encodeKey(request.key);
  if (request.type === "get") {
    const bytes = new Uint8Array(GET_HEADER_BYTES + key.length);
    bytes[0] = GET_CODE;
    viewOf(bytes).setUint16(1, key.length);
    bytes.set(key, GET_HEADER_BYTES);
    return bytes;
  }
  const { value, version } = request;
  if (value.length > VALUE_BYTES_MAX) {
    throw new RangeError(
      `Cannot put a value: wanted at most ${VALUE_BYTES_MAX} bytes, got ${value.length}`,
    );
  }
  if (!Number.isSafeInteger(version) || version < 0) {
    throw new RangeError(`Cannot put a value: wanted a version from 0 on, got ${version}`);
  }
  const bytes = new Uint8Array(PUT_HEADER_BYTES + key.length + value.length);
  const view = viewOf(bytes);
  bytes[0] = PUT_CODE;
  setVersion(view, 1, version);
  view.setUint16(9, key.length);
  bytes.set(key, PUT_HEADER_BYTES);
  bytes.set(value, PUT_HEADER_BYTES + key.length);
  return bytes;
}

/**
 * What kind of request these bytes have the shape of, or `null`. Whether the key is text only
 * {@linkcode decodeRequest} says, which costs more and is done where the request is executed.
 */
export function requestType(bytes: Uint8Array): Request["type"] | null {
  const length = bytes.length;
  if (bytes[0] === GET_CODE && length >= GET_HEADER_BYTES) {
    return length === GET_HEADER_BYTES + (bytes[1]! << 8 | bytes[2]!) ? "get" : null;
  }
  if (bytes[0] !== PUT_CODE || length < PUT_HEADER_BYTES) return null;
  const valueAt = PUT_HEADER_BYTES + (bytes[9]! << 8 | bytes[10]!);
  return length >= valueAt && length <= valueAt + VALUE_BYTES_MAX ? "put" : null;
}

/** Reads a request, or `null`: these bytes are none. The value is a view, not a copy. */
export function decodeRequest(bytes: Uint8Array): Request | null {
  const type = requestType(bytes);
  if (type === null) return null;
  if (type === "get") {
    const key = decodeKey(bytes.subarray(GET_HEADER_BYTES));
    return key === null ? null : { type, key };
  }
  const version = getVersion(viewOf(bytes), 1);
  const valueAt = PUT_HEADER_BYTES + (bytes[9]! << 8 | bytes[10]!);
  const key = decodeKey(bytes.subarray(PUT_HEADER_BYTES, valueAt));
  if (version === null || key === null) return null;
  return { type, key, value: bytes.subarray(valueAt), version };
}

/** Makes the bytes of a reply. */
export function encodeReply(reply: Reply): Uint8Array {
  switch (reply.type) {
    case "value": {
      const bytes = new Uint8Array(9 + reply.value.length);
      bytes[0] = CODES.value;
      setVersion(viewOf(bytes), 1, reply.version);
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
    case "wrongVersion": {
      const bytes = new Uint8Array(9);
      bytes[0] = CODES.wrongVersion;
      setVersion(viewOf(bytes), 1, reply.version);
      return bytes;
    }
    case "stored":
    case "noKey":
    case "full":
    case "overloaded":
    case "refused":
      return Uint8Array.of(CODES[reply.type]);
    default:
      return reply satisfies never;
  }
}

/** Reads a reply, or `null`: these bytes are none. The value is a view, not a copy. */
export function decodeReply(bytes: Uint8Array): Reply | null {
  const view = viewOf(bytes);
  switch (bytes[0]) {
    case CODES.value: {
      const version = bytes.length < 9 ? null : getVersion(view, 1);
      return version === null ? null : { type: "value", value: bytes.subarray(9), version };
    }
    case CODES.wrongVersion: {
      const version = bytes.length !== 9 ? null : getVersion(view, 1);
      return version === null ? null : { type: "wrongVersion", version };
    }
    case CODES.wrongLeader:
    case CODES.unknown: {
      if (bytes.length !== 5) return null;
      const leader = view.getUint32(1) || null;
      return { type: bytes[0] === CODES.unknown ? "unknown" : "wrongLeader", leader };
    }
  }
  if (bytes.length !== 1) return null;
  switch (bytes[0]) {
    case CODES.stored:
      return { type: "stored" };
    case CODES.noKey:
      return { type: "noKey" };
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

/** Makes the bytes of a key. Throws a `RangeError` for one that no server would take. */
export function encodeKey(key: string): Uint8Array {
  const bytes = encoder.encode(key);
  if (bytes.length > KEY_BYTES_MAX) {
    throw new RangeError(
      `Cannot use the key: wanted at most ${KEY_BYTES_MAX} bytes, got ${bytes.length}`,
    );
  }
  // Half a surrogate pair would be replaced without a word, and two keys become one.
  if (!key.isWellFormed()) {
    throw new RangeError("Cannot use the key: wanted well-formed Unicode, got half a character");
  }
  return bytes;
}

/** Reads a key, or `null`: these bytes are none. */
export function decodeKey(bytes: Uint8Array): string | null {
  if (bytes.length > KEY_BYTES_MAX) return null;
  // Short keys of plain characters are the rule; the decoder costs more than all the rest.
  if (bytes.length <= 32) {
    let text = "";
    for (let place = 0; place < bytes.length; place++) {
      const byte = bytes[place] ?? 0;
      if (byte >= 0x80) return decodeText(bytes);
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return decodeText(bytes);
}

function decodeText(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function setVersion(view: DataView, at: number, version: number): void {
  view.setUint32(at, Math.floor(version / 2 ** 32));
  view.setUint32(at + 4, version % 2 ** 32);
}

function getVersion(view: DataView, at: number): number | null {
  const version = view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
  return Number.isSafeInteger(version) ? version : null;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
