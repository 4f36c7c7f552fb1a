/**
 * Requests of clients, as types and bytes; replies are in `reply.ts`. The client encodes a request
 * once, and the same bytes go into the log and into {@linkcode KvStore}.
 *
 * The choice of a server and the execution are elsewhere. {@linkcode decodeRequest} returns `null` for
 * invalid bytes and never throws, because a log may hold such bytes.
 *
 * `docs/protocol.md` shows every byte.
 *
 * @module
 */

import { KEY_BYTES_MAX, keyOf } from "../tables/mod.ts";
import { type Batch, isReadOnly, readBatch, writeBatch } from "./batch.ts";

import { getNumber, type Key, orNull, Reader, setNumber, Writer } from "./bytes.ts";
import { readNumber, REQUEST_NUMBER_BYTES, type RequestNumber, writeNumber } from "./session.ts";
import { key as keyField, VALUE_BYTES_MAX } from "./fields.ts";

/** Read a key. */
export interface Get {
  /** Tells it from the other commands. */
  readonly type: "get";
  /** Which key to read. */
  readonly key: Key;
}

/** Write a key if it has this version. A key that was never written has version 0. */
export interface Put {
  /** Tells it from the other commands. */
  readonly type: "put";
  /** Which key to write. */
  readonly key: Key;
  /** What it shall hold. */
  readonly value: Uint8Array;
  /** The version it must have; 0 for a key that must not exist. */
  readonly version: number;
}

/** Several checks, reads and changes at once. */
export interface BatchRequest {
  /** Tells it from the other commands. */
  readonly type: "batch";
  /** What is asked. */
  readonly batch: Batch;
}

/** A write with a number: it is executed once, however often it is sent. */
export interface Numbered {
  /** Tells it from the other commands. */
  readonly type: "numbered";
  /** Its number. */
  readonly number: RequestNumber;
  /** What is asked. */
  readonly request: Put | BatchRequest;
}

/** Read the steady time of the log, with which a session begins. */
export interface TimeRequest {
  /** Tells it from the other commands. */
  readonly type: "time";
}

/** End what is due at the times of this entry. Only servers propose it. */
export interface EndRequest {
  /** Tells it from the other commands. */
  readonly type: "end";
}

/** Raise the feature level of the cluster. Only servers propose it. */
export interface LevelRequest {
  /** Tells it from the other commands. */
  readonly type: "level";
  /** What every member knows, 1 to 255. */
  readonly level: number;
}

/** All that clients ask, and what servers propose. Get and put are short forms of batches. */
export type Request =
  | Get
  | Put
  | BatchRequest
  | Numbered
  | TimeRequest
  | EndRequest
  | LevelRequest;

const REQUEST_CODES = { get: 1, put: 2, batch: 3, numbered: 4, time: 5, end: 6, level: 8 } as const;

/** A key does not begin with it. */
const SYSTEM_BYTE = 0xff;

const GET_HEADER_BYTES = 3;
const PUT_HEADER_BYTES = 11;

/** Makes the bytes of a request. Throws a `RangeError` for one that no server would execute. */
export function encodeRequest(request: Request): Uint8Array {
  switch (request.type) {
    case "get": {
      const { length } = checkedKey(request.key);
      const bytes = new Uint8Array(GET_HEADER_BYTES + length);
      bytes[0] = REQUEST_CODES.get;
      bytes[1] = length >> 8;
      bytes[2] = length;
      setKey(bytes, GET_HEADER_BYTES, request.key);
      return bytes;
    }
    case "put":
      return encodePut(request);
    case "batch": {
      const to = new Writer();
      to.u8(REQUEST_CODES.batch);
      writeBatch(to, request.batch);
      return to.finish();
    }
    case "numbered": {
      const to = new Writer();
      to.u8(REQUEST_CODES.numbered);
      writeNumber(to, request.number);
      to.bytes(encodeRequest(request.request));
      return to.finish();
    }
    case "time":
    case "end":
      return Uint8Array.of(REQUEST_CODES[request.type]);
    case "level":
      return Uint8Array.of(REQUEST_CODES.level, request.level);
    default:
      return request satisfies never;
  }
}

function encodePut({ key, value, version }: Put): Uint8Array {
  if (value.length > VALUE_BYTES_MAX) {
    throw new RangeError(
      `Cannot put a value: wanted at most ${VALUE_BYTES_MAX} bytes, got ${value.length}`,
    );
  }
  if (!Number.isSafeInteger(version) || version < 0) {
    throw new RangeError(`Cannot put a value: wanted a version from 0 on, got ${version}`);
  }
  const { length } = checkedKey(key);
  const bytes = new Uint8Array(PUT_HEADER_BYTES + length + value.length);
  bytes[0] = REQUEST_CODES.put;
  setNumber(bytes, 1, version);
  bytes[9] = length >> 8;
  bytes[10] = length;
  setKey(bytes, PUT_HEADER_BYTES, key);
  bytes.set(value, PUT_HEADER_BYTES + length);
  return bytes;
}

/**
 * Whether a client's request reads or writes, or `null`: these bytes are none. All limits are checked
 * here, before the bytes enter the log.
 */
export function requestAccess(bytes: Uint8Array): "read" | "write" | null {
  if (bytes[0] === REQUEST_CODES.numbered) return decodeNumbered(bytes) === null ? null : "write";
  if (bytes[0] === REQUEST_CODES.time) return bytes.length === 1 ? "read" : null;
  if (bytes[0] === REQUEST_CODES.batch) {
    const request = decodeBatch(bytes);
    if (request === null) return null;
    return isReadOnly(request.batch) ? "read" : "write";
  }
  const type = shortType(bytes);
  if (type === null) return null;
  return type === "get" ? "read" : "write";
}

/** Reads a request, or `null`: these bytes are none. Values are views, not copies. */
export function decodeRequest(bytes: Uint8Array): Request | null {
  if (bytes[0] === REQUEST_CODES.batch) return decodeBatch(bytes);
  if (bytes[0] === REQUEST_CODES.numbered) return decodeNumbered(bytes);
  if (bytes[0] === REQUEST_CODES.time) return bytes.length === 1 ? { type: "time" } : null;
  if (bytes[0] === REQUEST_CODES.end) return bytes.length === 1 ? { type: "end" } : null;
  if (bytes[0] === REQUEST_CODES.level) {
    return bytes.length === 2 ? { type: "level", level: bytes[1]! } : null;
  }
  const type = shortType(bytes);
  if (type === null) return null;
  if (type === "get") return { type, key: keyOf(bytes, GET_HEADER_BYTES) };
  const version = getNumber(bytes, 1);
  if (version === null) return null;
  const valueAt = PUT_HEADER_BYTES + (bytes[9]! << 8 | bytes[10]!);
  const key = keyOf(bytes, PUT_HEADER_BYTES, valueAt);
  return { type, key, value: bytes.subarray(valueAt), version };
}

/** Which of the short requests these bytes have the shape of. */
function shortType(bytes: Uint8Array): "get" | "put" | null {
  const { length } = bytes;
  if (bytes[0] === REQUEST_CODES.get && length >= GET_HEADER_BYTES) {
    const keyLength = bytes[1]! << 8 | bytes[2]!;
    if (bytes[GET_HEADER_BYTES] === SYSTEM_BYTE) return null;
    return isKeyLength(keyLength) && length === GET_HEADER_BYTES + keyLength ? "get" : null;
  }
  if (bytes[0] !== REQUEST_CODES.put || length < PUT_HEADER_BYTES) return null;
  const keyLength = bytes[9]! << 8 | bytes[10]!;
  const valueAt = PUT_HEADER_BYTES + keyLength;
  const isWhole = length >= valueAt && length <= valueAt + VALUE_BYTES_MAX;
  if (bytes[PUT_HEADER_BYTES] === SYSTEM_BYTE && keyLength > 0) return null;
  return isKeyLength(keyLength) && isWhole ? "put" : null;
}

function isKeyLength(length: number): boolean {
  return length >= 1 && length <= KEY_BYTES_MAX;
}

/** A request with a number is a write, and contains no further number. */
function decodeNumbered(bytes: Uint8Array): Numbered | null {
  const inner = bytes.subarray(1 + REQUEST_NUMBER_BYTES);
  if (bytes.length <= 1 + REQUEST_NUMBER_BYTES || inner[0] === REQUEST_CODES.numbered) return null;
  const number = orNull(() => readNumber(new Reader(bytes, 1)));
  if (number === null || requestAccess(inner) !== "write") return null;
  const request = decodeRequest(inner);
  const isWrite = request?.type === "put" || request?.type === "batch";
  return isWrite ? { type: "numbered", number, request } : null;
}

function decodeBatch(bytes: Uint8Array): BatchRequest | null {
  return orNull(() => ({ type: "batch", batch: readBatch(new Reader(bytes, 1)) }));
}

function checkedKey(key: Key): Key {
  const { length } = key;
  if (keyField.is(key)) return key;
  throw new RangeError(`Cannot use the key: wanted ${keyField.wanted}, got ${length}`);
}

function setKey(bytes: Uint8Array, at: number, key: Key): void {
  for (let place = 0; place < key.length; place++) bytes[at + place] = key.charCodeAt(place);
}
