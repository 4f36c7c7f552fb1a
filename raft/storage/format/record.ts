/**
 * The bytes of a log segment: its records, and the verdict on a record with a wrong checksum. Pure:
 * bytes in, bytes or a verdict out. All numbers are little-endian.
 *
 * A record holds entries of one save. It begins at a multiple of 8, with 32 bytes:
 *
 *     0 u32 CRC-32 of bytes 4 to 31, seeded      4 u32 bytes of the body    8 u64 first index
 *     16 u32 count of entries, plus 2^31 if the save goes on in the next record
 *     20 u32 where the first record of the save begins
 *     24 u32 CRC-32 of the body, seeded          28 u32 0x4b4f4e54
 *
 * The body is, for each entry: u32 length of the data, u8 kind (0 no-op, 1 command, 2 members), plus
 * 128 if term and times follow as three u64 (term, steady, wall) because they are not those of the
 * entry before in the record; then the data. Behind the last entry come 1 to 8 bytes 0xff up to a
 * multiple of 8: the last byte that is written is not zero. The seed is the CRC of the file's header,
 * xor the record's offset: a record in another place or another file has a wrong checksum.
 *
 * The first record of a segment holds no entries. It says which position the log continues behind:
 * its first index is the next one, its body the term as u64. Behind the last record are zeros.
 *
 * Invariant: a record, once synced, is never taken for one that was not (D4). See {@linkcode isTorn}.
 *
 * @module
 */

import { crc32 } from "./crc32.ts";
import { getUint53, setUint53 } from "./file_head.ts";
import {
  type Entry,
  type EntryKind,
  FIRST_TIMES,
  type Index,
  type Position,
  type Term,
} from "../../core/mod.ts";

export const RECORD_HEADER_BYTES = 32;
const BASE_BODY_BYTES = 16;
/** The first record of a segment. */
export const BASE_RECORD_BYTES = RECORD_HEADER_BYTES + BASE_BODY_BYTES;
export const SECTOR_BYTES = 512;
const ENTRY_HEADER_BYTES = 5;
/** Term and times, where they follow. */
const ENTRY_STAMP_BYTES = 24;
const STAMPED = 0x80;
/** The kinds of entries, each at its number in a record. */
const KINDS: readonly EntryKind[] = ["noop", "command", "members"];
const CONTINUES = 0x8000_0000;
const RECORD_MARK = 0x4b4f_4e54;
/** The polynomial of CRC-32, bits reversed: the difference that the very last bit makes. */
const CRC_POLYNOMIAL = 0xedb8_8320;

/** Where a record lies: the checksum of its segment's header, its offset, and its save's first. */
export interface RecordPlace {
  readonly headerChecksum: number;
  readonly offset: number;
  readonly start: number;
}

/** The entries of one record and what follows it. */
export interface RecordContent {
  readonly from: Index;
  /** In the first record of a segment: the term at the index before `from`. Then no entries. */
  readonly baseTerm?: Term;
  readonly entries: readonly Entry[];
  /** The save goes on in the next record: none of it counts without all of it. */
  readonly continues: boolean;
}

/** What an entry takes within a record, behind another one there or as the first. */
export function entryBytes(entry: Entry, before: Entry | null): number {
  const bytes = ENTRY_HEADER_BYTES + entry.data.length;
  return isStamped(entry, before) ? bytes + ENTRY_STAMP_BYTES : bytes;
}

function isStamped(entry: Entry, before: Entry | null): boolean {
  return before === null || entry.times !== before.times || entry.term !== before.term;
}

/** Writes the record to the start of the buffer, which must be large enough; returns its length. */
export function encodeRecord(
  buffer: Uint8Array<ArrayBuffer>,
  record: RecordContent & { readonly place: RecordPlace },
): number {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  let offset = RECORD_HEADER_BYTES;
  let before: Entry | null = null;
  for (const entry of record.entries) {
    const { data, kind, term, times } = entry;
    const stamped = isStamped(entry, before);
    view.setUint32(offset, data.length, true);
    view.setUint8(offset + 4, KINDS.indexOf(kind) + (stamped ? STAMPED : 0));
    offset += ENTRY_HEADER_BYTES;
    if (stamped) {
      setUint53(view, offset, term);
      setUint53(view, offset + 8, times.steady);
      setUint53(view, offset + 16, times.wall);
      offset += ENTRY_STAMP_BYTES;
    }
    buffer.set(data, offset);
    offset += data.length;
    before = entry;
  }
  if (record.baseTerm !== undefined) {
    setUint53(view, offset, record.baseTerm);
    offset += 8;
  }
  const end = endOfRecord(offset);
  buffer.fill(0xff, offset, end);
  const seed = seedOf(record.place);
  view.setUint32(4, end - RECORD_HEADER_BYTES, true);
  setUint53(view, 8, record.from);
  view.setUint32(16, record.entries.length + (record.continues ? CONTINUES : 0), true);
  view.setUint32(20, record.place.start, true);
  view.setUint32(24, crc32(buffer.subarray(RECORD_HEADER_BYTES, end), seed), true);
  view.setUint32(28, RECORD_MARK, true);
  view.setUint32(0, crc32(buffer.subarray(4, RECORD_HEADER_BYTES), seed), true);
  return end;
}

/** The first 32 bytes of a record, checked. */
export interface RecordHeader {
  readonly bodyBytes: number;
  readonly from: Index;
  readonly count: number;
  readonly continues: boolean;
  readonly start: number;
  readonly bodyChecksum: number;
}

/** The header, or `null` when the bytes are not a whole one for this place. */
export function decodeRecordHeader(
  bytes: Uint8Array,
  place: Omit<RecordPlace, "start">,
): RecordHeader | null {
  if (bytes.length < RECORD_HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_HEADER_BYTES);
  if (view.getUint32(28, true) !== RECORD_MARK) return null;
  if (crc32(bytes.subarray(4, RECORD_HEADER_BYTES), seedOf(place)) !== view.getUint32(0, true)) {
    return null;
  }
  const count = view.getUint32(16, true);
  return {
    bodyBytes: view.getUint32(4, true),
    from: getUint53(view, 8),
    count: count % CONTINUES,
    continues: count >= CONTINUES,
    start: view.getUint32(20, true),
    bodyChecksum: view.getUint32(24, true),
  };
}

/** A record's content, its entries as views into the body; `null` if the checksum is wrong. */
export function decodeRecordBody(
  body: Uint8Array,
  header: RecordHeader & { readonly place: Omit<RecordPlace, "start"> },
): RecordContent | null {
  if (body.length !== header.bodyBytes) return null;
  if (crc32(body, seedOf(header.place)) !== header.bodyChecksum) return null;
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const { from, continues } = header;
  if (header.count === 0 && body.length === BASE_BODY_BYTES) {
    return { from, continues, entries: [], baseTerm: getUint53(view, 0) };
  }
  const entries: Entry[] = [];
  let offset = 0;
  let term: Term = 0;
  let times = FIRST_TIMES;
  for (let i = 0; i < header.count; i++) {
    if (offset + ENTRY_HEADER_BYTES > body.length) return null;
    const length = view.getUint32(offset, true);
    const head = view.getUint8(offset + 4);
    offset += ENTRY_HEADER_BYTES;
    if (head >= STAMPED) {
      if (offset + ENTRY_STAMP_BYTES > body.length) return null;
      term = getUint53(view, offset);
      times = { steady: getUint53(view, offset + 8), wall: getUint53(view, offset + 16) };
      offset += ENTRY_STAMP_BYTES;
    }
    const kind = KINDS[head % STAMPED];
    const end = offset + length;
    if (kind === undefined || end > body.length) return null;
    entries.push({ index: from + i, term, times, kind, data: body.subarray(offset, end) });
    offset = end;
  }
  return { from, continues, entries };
}

/** The position that a segment continues behind, if the record is the first of one. */
export function baseOfRecord({ from, baseTerm }: RecordContent): Position | null {
  return baseTerm === undefined ? null : { index: from - 1, term: baseTerm };
}

/**
 * Whether a record with a wrong checksum, at `offset` of the last segment, can be one whose sync never
 * returned, so that nothing of it was acknowledged. Everything else is damage:
 *
 * - A record of a later save stands behind it: that save began only when this one was synced.
 * - All of it was written. A write that was cut off ends early, or leaves whole sectors as they were;
 *   behind it, and there, are zeros. It does not change bits in between.
 * - One flipped bit explains it.
 *
 * `bytes` is the file from the record on, `place.start` where the first record of its save begins.
 */
export function isTorn(bytes: Uint8Array, place: RecordPlace): boolean {
  if (hasLaterSave(bytes, place)) return false;
  const header = decodeRecordHeader(bytes.subarray(0, RECORD_HEADER_BYTES), place);
  const length = RECORD_HEADER_BYTES + (header?.bodyBytes ?? 0);
  if (bytes.length < length) return false;
  if (usedLength(bytes) < length) return true;
  if (header !== null) {
    const body = bytes.subarray(RECORD_HEADER_BYTES, length);
    const difference = crc32(body, seedOf(place)) ^ header.bodyChecksum;
    if (isOneBit(difference >>> 0, body.length)) return false;
  }
  return hasHole(bytes.subarray(0, length), place.offset);
}

/** The number of bytes up to the last one that is not zero. */
export function usedLength(bytes: Uint8Array): number {
  let length = bytes.length;
  const words = new DataView(bytes.buffer, bytes.byteOffset, length);
  while (length % 4 > 0 && bytes[length - 1] === 0) length--;
  while (length % 4 === 0 && length > 0 && words.getUint32(length - 4) === 0) length -= 4;
  while (length > 0 && bytes[length - 1] === 0) length--;
  return length;
}

/**
 * Whether a difference of checksums is that of one flipped bit in so many bytes. It tells rot from a
 * write that was cut off where a value is itself full of zeros.
 */
function isOneBit(difference: number, bytes: number): boolean {
  let flipped = CRC_POLYNOMIAL;
  for (let bits = 8 * bytes; bits > 0; bits--) {
    if (flipped === difference) return true;
    flipped = (flipped & 1) === 0 ? flipped >>> 1 : (flipped >>> 1 ^ CRC_POLYNOMIAL) >>> 0;
  }
  return false;
}

/** Looks for a record of a later save at every place where one could begin. */
function hasLaterSave(bytes: Uint8Array, place: RecordPlace): boolean {
  const { headerChecksum } = place;
  return recordHeadersIn(bytes, { headerChecksum, offset: place.offset })
    .some(({ start }) => start > place.offset);
}

/** Every record header that checks, wherever it lies. `offset` is the place of the bytes in the file. */
export function recordHeadersIn(
  bytes: Uint8Array,
  { headerChecksum, offset }: Omit<RecordPlace, "start">,
): RecordHeader[] {
  const headers: RecordHeader[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + RECORD_HEADER_BYTES <= bytes.length; at += 8) {
    if (view.getUint32(at + 28, true) !== RECORD_MARK) continue;
    const place = { headerChecksum, offset: offset + at };
    const header = decodeRecordHeader(bytes.subarray(at, at + RECORD_HEADER_BYTES), place);
    if (header !== null) headers.push(header);
  }
  return headers;
}

/** Whether all bytes that lie in one sector are zero. Every word of a record header has some that are not. */
function hasHole(bytes: Uint8Array, offset: number): boolean {
  for (let begin = 0; begin < bytes.length;) {
    const end = Math.min(bytes.length, begin + SECTOR_BYTES - (offset + begin) % SECTOR_BYTES);
    if (bytes.subarray(begin, end).every((byte) => byte === 0)) return true;
    begin = end;
  }
  return false;
}

function seedOf(place: Omit<RecordPlace, "start">): number {
  return (place.headerChecksum ^ place.offset) >>> 0;
}

/** Where a record ends whose content ends at an offset: the next multiple of eight above it. */
export function endOfRecord(offset: number): number {
  return Math.floor(offset / 8) * 8 + 8;
}
