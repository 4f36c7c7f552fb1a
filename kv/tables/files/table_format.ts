/**
 * The layout of a table file. All numbers are big endian.
 *
 * ```text
 * head     "KTBL", format                                                     8 bytes
 * blocks   one after the other, see block.ts
 * index    for each block: length and bytes of its last key, offset, length, checksum
 * filter   see bloom.ts
 * summary  smallest key, largest key, revisions, counts
 * foot     where the index begins, sizes of index and filter, checksums, "KEND"   24 bytes
 * ```
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { keyBytes, keyOf } from "./entry.ts";

/** The first bytes of every table. */
export const HEAD = Uint8Array.of(0x4b, 0x54, 0x42, 0x4c, 0, 0, 0, 2);

/** What the index says of a block, beside the bytes of its last key. */
export const INDEX_RECORD_BYTES = 14;

/** How long the foot is. */
export const FOOT_BYTES = 24;

const FOOT_MAGIC = 0x4b45_4e44;

/** What a table says of its content. */
export interface Summary {
  readonly smallest: string;
  readonly largest: string;
  readonly firstRevision: number;
  readonly lastRevision: number;
  /** The number of entries in it, versions and deletions counted each. */
  readonly entries: number;
  readonly deletions: number;
}

/** Where a block lies, and the last key in it. */
export interface BlockPlace {
  readonly lastKey: string;
  readonly offset: number;
  readonly length: number;
  readonly checksum: number;
}

/** What the foot says. */
export interface Foot {
  readonly indexAt: number;
  readonly indexBytes: number;
  readonly filterBytes: number;
  /** The checksum of index, filter and summary together. */
  readonly checksum: number;
}

/** The bytes of the index. */
export function encodeIndex(places: readonly BlockPlace[]): Uint8Array<ArrayBuffer> {
  const length = places.reduce((sum, { lastKey }) => sum + lastKey.length + INDEX_RECORD_BYTES, 0);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { lastKey, offset, length, checksum } of places) {
    view.setUint16(at, lastKey.length);
    bytes.set(keyBytes(lastKey), at + 2);
    at += 2 + lastKey.length;
    view.setUint32(at, offset);
    view.setUint32(at + 4, length);
    view.setUint32(at + 8, checksum);
    at += 12;
  }
  return bytes;
}

/** The bytes of the summary. */
export function encodeSummary(summary: Summary): Uint8Array<ArrayBuffer> {
  const { smallest, largest } = summary;
  const bytes = new Uint8Array(4 + smallest.length + largest.length + 4 * 8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, smallest.length);
  view.setUint16(2, largest.length);
  bytes.set(keyBytes(smallest), 4);
  bytes.set(keyBytes(largest), 4 + smallest.length);
  const { firstRevision, lastRevision, entries, deletions } = summary;
  let at = 4 + smallest.length + largest.length;
  for (const number of [firstRevision, lastRevision, entries, deletions]) {
    view.setBigUint64(at, BigInt(number));
    at += 8;
  }
  return bytes;
}

/** Reads a summary whose checksum was right. */
export function decodeSummary(bytes: Uint8Array): Summary {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const smallestEnd = 4 + view.getUint16(0);
  const largestEnd = smallestEnd + view.getUint16(2);
  const number = (place: number): number => Number(view.getBigUint64(largestEnd + 8 * place));
  return {
    smallest: keyOf(bytes.subarray(4, smallestEnd)),
    largest: keyOf(bytes.subarray(smallestEnd, largestEnd)),
    firstRevision: number(0),
    lastRevision: number(1),
    entries: number(2),
    deletions: number(3),
  };
}

/** The bytes of the foot. */
export function encodeFoot(foot: Foot): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FOOT_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, foot.indexAt);
  view.setUint32(4, foot.indexBytes);
  view.setUint32(8, foot.filterBytes);
  view.setUint32(12, foot.checksum);
  view.setUint32(16, FOOT_MAGIC);
  view.setUint32(20, crc32(bytes.subarray(0, 20)));
  return bytes;
}

/** Reads a foot, or `null`: these bytes are none. */
export function decodeFoot(bytes: Uint8Array): Foot | null {
  if (bytes.length !== FOOT_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(16) !== FOOT_MAGIC) return null;
  if (view.getUint32(20) !== crc32(bytes.subarray(0, 20))) return null;
  return {
    indexAt: view.getUint32(0),
    indexBytes: view.getUint32(4),
    filterBytes: view.getUint32(8),
    checksum: view.getUint32(12),
  };
}
