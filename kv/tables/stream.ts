/**
 * The state at one revision as a stream of chunks, in the order of keys: the same bytes on every
 * server that has the revision. It can be continued at the end of any chunk, from any of them. Each
 * chunk carries a hash over all chunks up to it, so the last hash says whether two servers hold the
 * same state.
 *
 * ```text
 * format 1, whether it is the last chunk, entries                     1 + 1 + 4 bytes
 * revision, revision before which deletions are forgotten, hash       8 + 8 + 8 bytes
 * entries   see files/entry.ts
 * ```
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { type Entry, entryBytesMax, EntryReader, writeEntry } from "./files/mod.ts";
import type { Scannable } from "./state/mod.ts";

/** A chunk ends when it has grown to this; one entry is never divided. */
export const CHUNK_BYTES = 64 * 1024;

const FORMAT = 1;
const HEAD_BYTES = 30;
const HASH_AT = 22;

/** Where a stream goes on. */
export interface Cursor {
  /** The first key that is still to come may be this one. */
  readonly from: string;
  /** The hash of everything before it. */
  readonly hash: string;
}

/** Where every stream begins. */
export const START: Cursor = { from: "", hash: "0000000000000000" };

/** Which state a stream is of. */
export interface Moment {
  /** Its revision. */
  readonly at: number;
  /** Deletions before this revision are not part of it. */
  readonly deletions: number;
}

/** What a chunk says. */
export interface Chunk {
  readonly moment: Moment;
  readonly isLast: boolean;
  readonly entries: readonly Entry[];
  /** Where the stream goes on behind it. */
  readonly next: Cursor;
}

/** A chunk that was just made. */
export interface StreamPiece {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly isLast: boolean;
  /** Where the stream goes on behind it. */
  readonly next: Cursor;
}

/** The chunks of the state at a revision, from a place on. Must be run to its end or closed. */
export function* piecesOf(
  tables: Scannable,
  moment: Moment,
  { cursor, bytesMax }: { readonly cursor: Cursor; readonly bytesMax: number },
): Generator<StreamPiece, void, void> {
  let { from, hash } = cursor;
  let entries: Entry[] = [];
  let bytes = HEAD_BYTES;
  for (const entry of tables.scan({ from, to: null, ...moment })) {
    if (entries.length > 0 && bytes >= bytesMax) {
      const chunk = encodeChunk(entries, { moment, before: hash, isLast: false });
      hash = hashIn(chunk);
      from = behind(entries.at(-1)!.key);
      yield { bytes: chunk, isLast: false, next: { from, hash } };
      entries = [];
      bytes = HEAD_BYTES;
    }
    entries.push(entry);
    bytes += entryBytesMax(entry);
  }
  const chunk = encodeChunk(entries, { moment, before: hash, isLast: true });
  yield { bytes: chunk, isLast: true, next: { from, hash: hashIn(chunk) } };
}

/** As {@linkcode piecesOf}, only the bytes. */
export function* chunksOf(
  tables: Scannable,
  moment: Moment,
  cursor: Cursor = START,
): Generator<Uint8Array<ArrayBuffer>, void, void> {
  for (const { bytes } of piecesOf(tables, moment, { cursor, bytesMax: CHUNK_BYTES })) yield bytes;
}

/** The smallest key behind another one has a zero byte more. */
function behind(key: string): string {
  return `${key}\0`;
}

/** What is wrong with the bytes of a chunk behind others with this hash; `null`: nothing. */
export function chunkProblem(bytes: Uint8Array, before: string): string | null {
  if (bytes.length < HEAD_BYTES || bytes[0] !== FORMAT) {
    return `wanted a chunk of format ${FORMAT}, got ${bytes.length} bytes of format ${bytes[0]}`;
  }
  const hash = hashIn(bytes);
  const wanted = hashOf(bytes, before);
  return hash === wanted ? null : `wanted the hash ${wanted}, got ${hash}`;
}

/** Whether a chunk without a problem is the last one. */
export function isLastChunk(bytes: Uint8Array): boolean {
  return bytes[1] === 1;
}

/**
 * Reads a chunk behind a cursor; a string says what is wrong with it. Also entries whose hash is right
 * are looked at: another server made them, and in a wrong order they would end this one.
 */
export function decodeChunk(bytes: Uint8Array, cursor: Cursor): Chunk | string {
  const problem = chunkProblem(bytes, cursor.hash);
  if (problem !== null) return problem;
  const hash = hashIn(bytes);
  const view = viewOf(bytes);
  const at = Number(view.getBigUint64(6));
  const reader = new EntryReader(bytes);
  const entries: Entry[] = [];
  let from = cursor.from;
  let end = HEAD_BYTES;
  for (; end < bytes.length; end = reader.end) {
    const entry = reader.readAt(end);
    if (entry.key < from || !(entry.revision >= 1 && entry.revision <= at)) {
      return `wanted a key from ${JSON.stringify(from)} on of revision 1 to ${at}, got ${
        JSON.stringify(entry.key)
      } of revision ${entry.revision}`;
    }
    entries.push(entry);
    from = behind(entry.key);
  }
  if (entries.length !== view.getUint32(2) || end !== bytes.length) {
    return `wanted ${
      view.getUint32(2)
    } entries in ${bytes.length} bytes, got ${entries.length} in ${end}`;
  }
  const last = entries.at(-1);
  return {
    moment: { at, deletions: Number(view.getBigUint64(14)) },
    isLast: isLastChunk(bytes),
    entries,
    next: { from: last === undefined ? cursor.from : behind(last.key), hash },
  };
}

function encodeChunk(
  entries: readonly Entry[],
  { moment, before, isLast }: {
    readonly moment: Moment;
    readonly before: string;
    readonly isLast: boolean;
  },
): Uint8Array<ArrayBuffer> {
  const room = entries.reduce((sum, entry) => sum + entryBytesMax(entry), HEAD_BYTES);
  const bytes = new Uint8Array(room);
  const view = viewOf(bytes);
  bytes[0] = FORMAT;
  bytes[1] = isLast ? 1 : 0;
  view.setUint32(2, entries.length);
  view.setBigUint64(6, BigInt(moment.at));
  view.setBigUint64(14, BigInt(moment.deletions));
  let end = HEAD_BYTES;
  for (const entry of entries) end = writeEntry(bytes, end, entry);
  const chunk = bytes.subarray(0, end);
  viewOf(chunk).setBigUint64(HASH_AT, BigInt(`0x${hashOf(chunk, before)}`));
  return chunk;
}

/** The hash that a chunk carries. */
export function hashIn(chunk: Uint8Array): string {
  return viewOf(chunk).getBigUint64(HASH_AT).toString(16).padStart(16, "0");
}

/** The hash of a chunk behind everything before it: 64 bits, fed with the checksum of its bytes. */
function hashOf(chunk: Uint8Array, before: string): string {
  const input = new Uint8Array(24);
  const view = viewOf(input);
  view.setBigUint64(0, BigInt(`0x${before}`));
  view.setUint32(8, crc32(chunk.subarray(0, HASH_AT)));
  view.setUint32(12, crc32(chunk.subarray(HASH_AT + 8)));
  view.setUint32(16, chunk.length);
  const high = crc32(input);
  // The other half sees the first, or both would be the same.
  view.setUint32(20, high ^ 0x9e37_79b9);
  const low = crc32(input.subarray(4));
  return (BigInt(high) << 32n | BigInt(low)).toString(16).padStart(16, "0");
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
