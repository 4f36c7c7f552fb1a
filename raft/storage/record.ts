/**
 * The bytes of a storage folder: the header that opens every file, the records of a log segment, and
 * the verdict on a record that does not check. Pure: bytes in, bytes or a verdict out.
 *
 * All numbers are little-endian. A file begins with 96 bytes:
 *
 *     0 "KONTIKI" and a letter: V vote, L log segment, S snapshot     8 u32 format version
 *     12 u32 node   16 cluster, 32 bytes of UTF-8, filled up with 0   48 five u64 (f64 range)
 *     88 u32 0      92 u32 CRC-32 of the 92 bytes before
 *
 * A record holds entries of one save. It begins at a multiple of 8, with 32 bytes:
 *
 *     0 u32 CRC-32 of bytes 4 to 31, seeded      4 u32 bytes of the body    8 u64 first index
 *     16 u32 count of entries, plus 2^31 if the save goes on in the next record
 *     20 u32 where the first record of the save begins
 *     24 u32 CRC-32 of the body, seeded          28 u32 0x4b4f4e54
 *
 * The body is, for each entry: u64 term, u32 length of the command (2^32 - 1: a no-op), the command;
 * then 1 to 8 bytes 0xff up to a multiple of 8: the last byte that is written is not zero. The seed is the CRC of the file's header, xor the record's
 * offset: a record that got to another place or another file does not check.
 *
 * The first record of a segment holds no entries. It says which position the log continues behind:
 * its first index is the next one, its body the term as u64. Behind the last record are zeros.
 *
 * Invariant: a record, once synced, is never taken for one that was not (D4). See {@linkcode isTorn}.
 *
 * @module
 */

import { crc32 } from "./crc32.ts";
import type { Entry, Index, NodeId, Position, Term } from "../core/mod.ts";

/**
 * The version this program writes, and the newest it reads. In version 1 a segment grew with each
 * record; its header held the position that the log continues behind.
 */
export const FORMAT_VERSION = 2;
export const FILE_HEADER_BYTES = 96;
export const RECORD_HEADER_BYTES = 32;
const BASE_BODY_BYTES = 16;
/** The first record of a segment. */
export const BASE_RECORD_BYTES = RECORD_HEADER_BYTES + BASE_BODY_BYTES;
export const SECTOR_BYTES = 512;
const ENTRY_HEADER_BYTES = 12;
const NO_COMMAND = 0xffff_ffff;
const CONTINUES = 0x8000_0000;
const RECORD_MARK = 0x4b4f_4e54;
/** Of CRC-32, bits reversed; the difference that the very last bit makes. */
const CRC_POLYNOMIAL = 0xedb8_8320;
const MAGIC = "KONTIKI";

/** Whose folder it is. */
export interface Identity {
  /** The cluster's name: 1 to 32 bytes of UTF-8. */
  readonly cluster: string;
  /** The server whose files they are. */
  readonly node: NodeId;
}

/** What a file is, by the last letter of its first eight bytes. */
export type FileLetter = "V" | "L" | "S";

/** The first 96 bytes of a file. */
export interface FileHeader {
  readonly letter: FileLetter;
  readonly version: number;
  readonly identity: Identity;
  /**
   * Vote: term, voted for (0: nobody), least segment, least snapshot index and term. Segment: sequence,
   * bytes of the file. Snapshot: index, term, bytes of the image.
   */
  readonly numbers: readonly [number, number, number, number, number];
  readonly checksum: number;
}

/** A folder's owner, or the reason why it cannot be one. */
export function checkIdentity(identity: Identity): void {
  const bytes = new TextEncoder().encode(identity.cluster).length;
  if (bytes < 1 || bytes > 32 || identity.cluster.includes("\0")) {
    throw new RangeError(`Cannot name a cluster: wanted 1 to 32 bytes, got "${identity.cluster}"`);
  }
  if (!Number.isInteger(identity.node) || identity.node < 1 || identity.node > 0xffff_ffff) {
    throw new RangeError(`Cannot name a node: wanted 1 to 2^32 - 1, got ${identity.node}`);
  }
}

export function encodeFileHeader(
  header: Pick<FileHeader, "letter" | "identity"> & { readonly numbers: readonly number[] },
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FILE_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  new TextEncoder().encodeInto(MAGIC + header.letter, bytes);
  view.setUint32(8, FORMAT_VERSION, true);
  view.setUint32(12, header.identity.node, true);
  new TextEncoder().encodeInto(header.identity.cluster, bytes.subarray(16, 48));
  header.numbers.forEach((number, i) => setUint53(view, 48 + 8 * i, number));
  view.setUint32(92, crc32(bytes.subarray(0, 92)), true);
  return bytes;
}

/** The header, or `null` when the bytes are not a whole one. */
export function decodeFileHeader(bytes: Uint8Array): FileHeader | null {
  if (bytes.length < FILE_HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, FILE_HEADER_BYTES);
  const checksum = view.getUint32(92, true);
  if (crc32(bytes.subarray(0, 92)) !== checksum) return null;
  const text = new TextDecoder();
  const letter = text.decode(bytes.subarray(7, 8));
  if (text.decode(bytes.subarray(0, 7)) !== MAGIC || !isFileLetter(letter)) return null;
  const cluster = text.decode(bytes.subarray(16, 48)).replace(/\0+$/, "");
  const at = (i: number): number => getUint53(view, 48 + 8 * i);
  return {
    letter,
    version: view.getUint32(8, true),
    identity: { cluster, node: view.getUint32(12, true) },
    numbers: [at(0), at(1), at(2), at(3), at(4)],
    checksum,
  };
}

function isFileLetter(letter: string): letter is FileLetter {
  return letter === "V" || letter === "L" || letter === "S";
}

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

/** What an entry takes within a record. */
export function entryBytes(entry: Entry): number {
  return ENTRY_HEADER_BYTES + (entry.command?.length ?? 0);
}

/** Writes the record to the start of the buffer, which must be large enough; returns its length. */
export function encodeRecord(
  buffer: Uint8Array<ArrayBuffer>,
  record: RecordContent & { readonly place: RecordPlace },
): number {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  let offset = RECORD_HEADER_BYTES;
  for (const { term, command } of record.entries) {
    view.setUint32(offset, term >>> 0, true);
    view.setUint32(offset + 4, (term - (term >>> 0)) / 2 ** 32, true);
    view.setUint32(offset + 8, command === null ? NO_COMMAND : command.length, true);
    offset += ENTRY_HEADER_BYTES;
    if (command === null) continue;
    buffer.set(command, offset);
    offset += command.length;
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

/** A record's content, its entries as views into the body; `null` when the body does not check. */
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
  for (let i = 0; i < header.count; i++) {
    if (offset + ENTRY_HEADER_BYTES > body.length) return null;
    const term = getUint53(view, offset);
    const length = view.getUint32(offset + 8, true);
    offset += ENTRY_HEADER_BYTES;
    const end = offset + (length === NO_COMMAND ? 0 : length);
    if (end > body.length) return null;
    const command = length === NO_COMMAND ? null : body.subarray(offset, end);
    entries.push({ index: from + i, term, command });
    offset = end;
  }
  return { from, continues, entries };
}

/** The position that a segment continues behind, if the record is the first of one. */
export function baseOfRecord({ from, baseTerm }: RecordContent): Position | null {
  return baseTerm === undefined ? null : { index: from - 1, term: baseTerm };
}

/**
 * Whether a record that does not check, at `offset` of the last segment, can be one whose sync never
 * returned, so that nothing of it was acknowledged. Everything else is damage:
 *
 * - A record of a later save stands behind it: that save began only when this one was synced.
 * - All of it was written. A write that was cut off ends early, or leaves whole sectors as they were;
 *   behind it, and there, are zeros. It does not change bits in between.
 * - One flipped bit explains it.
 *
 * `bytes` is the file from the record on, `place.start` where the first record of its save begins. A
 * file of version 1 `grows`: a write that was cut off leaves it short, and zeros may end a record.
 */
export function isTorn(
  bytes: Uint8Array,
  place: RecordPlace & { readonly grows: boolean },
): boolean {
  if (hasLaterSave(bytes, place)) return false;
  const header = decodeRecordHeader(bytes.subarray(0, RECORD_HEADER_BYTES), place);
  const length = RECORD_HEADER_BYTES + (header?.bodyBytes ?? 0);
  if (bytes.length < length) return place.grows;
  if (!place.grows && usedLength(bytes) < length) return true;
  if (header !== null) {
    const body = bytes.subarray(RECORD_HEADER_BYTES, length);
    const difference = crc32(body, seedOf(place)) ^ header.bodyChecksum;
    if (isOneBit(difference >>> 0, body.length)) return false;
  }
  return hasHole(bytes.subarray(0, length), place.offset);
}

/** How many bytes there are up to the last one that is not zero. */
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

function setUint53(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 2 ** 32, true);
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
}

function getUint53(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}
