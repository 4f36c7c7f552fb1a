/**
 * One version of one key, and its bytes in a table.
 *
 * Keys are bytes in the order of their bytes. Inside this folder a key is a binary string, one
 * character per byte: such strings compare in the same order, natively, and a `Map` can hold them.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** A version of a key. */
export interface Entry {
  /** The key as a binary string, one character per byte. */
  readonly key: string;
  /** The log index of the write. */
  readonly revision: number;
  /** The number of writes that the key has had, this one included. It never goes back. */
  readonly version: number;
  /** The revision of the write that created the key. */
  readonly created: number;
  /** `null`: this write deleted the key. */
  readonly value: Uint8Array | null;
  /** The lease that the key ends with; 0: none. */
  readonly lease: number;
  /** When the key ends, in milliseconds of the wall clock; 0: never. */
  readonly expires: number;
}

/** The longest key, in bytes. */
export const KEY_BYTES_MAX = 4096;

/** Up to this length a string of its codes is faster than a call into the runtime. */
const SHORT_KEY_BYTES = 32;

/** The flags of an entry; a number that is 0 is not written. */
const DELETED = 1;
const LEASED = 2;
const EXPIRES = 4;

/** The key in a part of the bytes, as a binary string. */
export function keyOf(bytes: Uint8Array, from = 0, to = bytes.length): string {
  const length = to - from;
  if (length > SHORT_KEY_BYTES) {
    return Buffer.from(bytes.buffer, bytes.byteOffset + from, length).toString("latin1");
  }
  const codes = new Array<number>(length);
  for (let place = 0; place < length; place++) codes[place] = bytes[from + place]!;
  return String.fromCharCode.apply(null, codes);
}

/** The bytes of a key. */
export function keyBytes(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length);
  for (let place = 0; place < key.length; place++) bytes[place] = key.charCodeAt(place);
  return bytes;
}

/** At most this many bytes does {@linkcode writeEntry} write. */
export function entryBytesMax(entry: Entry): number {
  return 2 + entry.key.length + 1 + 6 * 8 + (entry.value?.length ?? 0);
}

/** Writes an entry and returns the place behind it. */
export function writeEntry(to: Uint8Array, at: number, entry: Entry): number {
  const { key, value, revision, lease, expires } = entry;
  to[at++] = key.length >> 8;
  to[at++] = key.length & 0xff;
  for (let place = 0; place < key.length; place++) to[at++] = key.charCodeAt(place);
  to[at++] = (value === null ? DELETED : 0) | (lease > 0 ? LEASED : 0) |
    (expires > 0 ? EXPIRES : 0);
  at = writeNumber(to, at, revision);
  at = writeNumber(to, at, entry.version);
  at = writeNumber(to, at, revision - entry.created);
  if (lease > 0) at = writeNumber(to, at, lease);
  if (expires > 0) at = writeNumber(to, at, expires);
  at = writeNumber(to, at, value?.length ?? 0);
  if (value !== null) to.set(value, at);
  return at + (value?.length ?? 0);
}

/** Reads entries one after the other, from bytes whose checksum was right. */
export class EntryReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The entry at a place. Its value is a view, not a copy. */
  readAt(at: number): Entry {
    const bytes = this.#bytes;
    const keyAt = at + 2;
    const keyEnd = keyAt + (bytes[at]! << 8 | bytes[at + 1]!);
    const key = keyOf(bytes, keyAt, keyEnd);
    const flags = bytes[keyEnd]!;
    this.#at = keyEnd + 1;
    const revision = this.#number();
    const version = this.#number();
    const created = revision - this.#number();
    const lease = (flags & LEASED) === 0 ? 0 : this.#number();
    const expires = (flags & EXPIRES) === 0 ? 0 : this.#number();
    const length = this.#number();
    const value = (flags & DELETED) !== 0 ? null : bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return { key, revision, version, created, value, lease, expires };
  }

  /** The place behind the entry that was read last. */
  get end(): number {
    return this.#at;
  }

  /** Only the revision of the entry at a place. */
  revisionAt(at: number): number {
    this.#at = at + 3 + (this.#bytes[at]! << 8 | this.#bytes[at + 1]!);
    return this.#number();
  }

  #number(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#at++]!;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 0x80;
    do {
      byte = bytes[this.#at++]!;
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
    } while (byte >= 0x80);
    return value;
  }
}

/** Seven bits a byte, the lowest first; a byte from 128 up is followed by another. */
function writeNumber(to: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest >= 0x80) {
    to[at++] = rest % 0x80 | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  to[at++] = rest;
  return at;
}

/** Where an entry lies in the bytes of a block, and what a merge has to know of it. */
export class RawEntry {
  bytes: Uint8Array = new Uint8Array(0);
  /** Its first byte. */
  at = 0;
  /** Behind its last byte. */
  end = 0;
  /** Behind its key, which begins two bytes after `at`. */
  keyEnd = 0;
  revision = 0;
  isDeletion = false;

  /** Stands at the entry that begins at a place. */
  stand(bytes: Uint8Array, at: number, end: number): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    const keyEnd = this.keyEnd = at + 2 + (bytes[at]! << 8 | bytes[at + 1]!);
    this.isDeletion = (bytes[keyEnd]! & DELETED) !== 0;
    let place = keyEnd + 1;
    let byte = bytes[place]!;
    let revision = byte & 0x7f;
    for (let scale = 0x80; byte >= 0x80; scale *= 0x80) {
      byte = bytes[++place]!;
      revision += (byte & 0x7f) * scale;
    }
    this.revision = revision;
  }

  /** Its key as a binary string. */
  get key(): string {
    return keyOf(this.bytes, this.at + 2, this.keyEnd);
  }

  /** How its key compares to that of another one: below 0, 0, above 0. */
  compareKey(other: RawEntry): number {
    return compareKeys(this.bytes, this.at, other);
  }
}

/** How the key in the bytes at a place (length first) compares to another in bytes. */
export function compareKeys(bytes: Uint8Array, at: number, other: RawEntry): number {
  const length = bytes[at]! << 8 | bytes[at + 1]!;
  const otherLength = other.keyEnd - other.at - 2;
  const shared = Math.min(length, otherLength);
  const from = at + 2;
  const otherFrom = other.at + 2;
  for (let place = 0; place < shared; place++) {
    const difference = bytes[from + place]! - other.bytes[otherFrom + place]!;
    if (difference !== 0) return difference;
  }
  return length - otherLength;
}

/** How the key in the bytes at a place (length first) compares to a key: below 0, 0, above 0. */
export function compareKeyAt(bytes: Uint8Array, at: number, key: string): number {
  const length = bytes[at]! << 8 | bytes[at + 1]!;
  const shared = Math.min(length, key.length);
  for (let place = 0; place < shared; place++) {
    const difference = bytes[at + 2 + place]! - key.charCodeAt(place);
    if (difference !== 0) return difference;
  }
  return length - key.length;
}
