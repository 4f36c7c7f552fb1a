/**
 * Reads that may see a state of a while ago, as bytes: a read behind the greatest age that its state may
 * have, and an answer behind the age that it has at most.
 *
 * @module
 */

import { getNumber, setNumber } from "./bytes.ts";
import { requestAccess } from "./request.ts";

/** A read whose state may be old. */
export interface StaleRead {
  /** How old the state may be, in milliseconds. */
  readonly maxAgeMs: number;
  /** The bytes of a request that reads. */
  readonly request: Uint8Array;
}

/** An answer from a state that may be old. */
export interface AgedReply {
  /** The state was the newest so many milliseconds ago, or later. */
  readonly ageMs: number;
  /** The bytes of a reply. */
  readonly reply: Uint8Array;
}

const STALE_CODE = 7;
const AGED_CODE = 15;
const HEADER_BYTES = 9;

/** Makes the bytes of a read. Throws a `RangeError` for an age that is none. */
export function encodeStale({ maxAgeMs, request }: StaleRead): Uint8Array {
  if (!Number.isSafeInteger(maxAgeMs) || maxAgeMs < 0) {
    throw new RangeError(
      `Cannot read: wanted an age in whole milliseconds from 0 on, got ${maxAgeMs}`,
    );
  }
  return behind(STALE_CODE, maxAgeMs, request);
}

/** The read of these bytes, or `null`: they are none. */
export function decodeStale(bytes: Uint8Array): StaleRead | null {
  if (bytes[0] !== STALE_CODE || bytes.length <= HEADER_BYTES) return null;
  const maxAgeMs = getNumber(bytes, 1);
  const request = bytes.subarray(HEADER_BYTES);
  return maxAgeMs === null || requestAccess(request) !== "read" ? null : { maxAgeMs, request };
}

/** Makes the bytes of an answer; a part of a millisecond counts as a whole one. */
export function encodeAged({ ageMs, reply }: AgedReply): Uint8Array {
  return behind(AGED_CODE, Math.ceil(ageMs), reply);
}

/** The answer of these bytes, or `null`: they are none, and state no age. */
export function decodeAged(bytes: Uint8Array): AgedReply | null {
  if (bytes[0] !== AGED_CODE || bytes.length <= HEADER_BYTES) return null;
  const ageMs = getNumber(bytes, 1);
  return ageMs === null ? null : { ageMs, reply: bytes.subarray(HEADER_BYTES) };
}

function behind(code: number, ms: number, rest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + rest.length);
  bytes[0] = code;
  setNumber(bytes, 1, ms);
  bytes.set(rest, HEADER_BYTES);
  return bytes;
}
