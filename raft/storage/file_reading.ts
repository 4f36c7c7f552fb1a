/**
 * Reads the files of a storage folder one by one, and refuses damaged ones. `file_recovery.ts`
 * decides what they mean together.
 *
 * @module
 */

import type { Files, Position, Snapshot, Vote } from "../core/mod.ts";
import {
  BASE_RECORD_BYTES,
  baseOfRecord,
  crc32,
  decodeFileHeader,
  decodeRecordBody,
  decodeRecordHeader,
  type ExpectedIdentity,
  FILE_HEADER_BYTES,
  type FileHeader,
  type FileLetter,
  FORMAT_VERSION,
  FORMAT_VERSION_LEAST,
  type Identity,
  isTorn,
  RECORD_HEADER_BYTES,
  type RecordContent,
  recordHeadersIn,
  type RecordPlace,
  usedLength,
} from "./format/mod.ts";
import { splitSnapshot } from "./snapshot_head.ts";
import { StorageError } from "./storage_error.ts";

/** The number of bytes read at once. */
export const SLICE_BYTES = 1 << 20;
export const VOTE_FILE = "vote";
export const MEMBERS_FILE = "members";
const BASE_END = FILE_HEADER_BYTES + BASE_RECORD_BYTES;
const TEMPORARY = /^(vote|members|log-\d{10}|snapshot-\d{16}-\d{16})\.tmp$/;
const SEGMENT = /^log-(\d{10})$/;
const SNAPSHOT = /^snapshot-(\d{16})-(\d{16})$/;

/** The content of the vote file: the vote, and the oldest files that the folder must hold. */
export interface VoteFile {
  readonly vote: Vote;
  /** The newest segment has this sequence or a later one. */
  readonly sequence: number;
  /** The newest snapshot has this position or a later one. */
  readonly snapshot: Position;
  readonly identity: Identity;
}

/** A segment with a correct name, header and length. */
export interface SegmentFile {
  readonly name: string;
  readonly sequence: number;
  readonly bytes: number;
  readonly checksum: number;
}

/** Bytes after the last whole save: a save that was cut off before its sync. */
export interface Trimmed {
  /** Its name. */
  readonly file: string;
  /** The offset of the save. */
  readonly offset: number;
  /** The bytes of it that are there. */
  readonly bytes: number;
  /** The least number of its entries. */
  readonly entries: number;
}

export function segmentName(sequence: number): string {
  return `log-${String(sequence).padStart(10, "0")}`;
}

export function snapshotName({ index, term }: Position): string {
  return `snapshot-${String(index).padStart(16, "0")}-${String(term).padStart(16, "0")}`;
}

export function positionOfSnapshot(name: string): Position | null {
  const match = SNAPSHOT.exec(name);
  return match === null ? null : { index: Number(match[1]), term: Number(match[2]) };
}

/** The kind of file that a name stands for; `null` for a file of another program. */
export function kindOfName(
  name: string,
): "vote" | "members" | "log" | "snapshot" | "temporary" | null {
  if (name === VOTE_FILE) return "vote";
  if (name === MEMBERS_FILE) return "members";
  if (SEGMENT.test(name)) return "log";
  if (SNAPSHOT.test(name)) return "snapshot";
  return isTemporary(name) ? "temporary" : null;
}

/** Whether a name stands for a file of ours that was never finished. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

/** Reads the head and refuses what is damaged, of another version or of another owner. */
export async function readHeader(
  files: Files,
  name: string,
  expected: { readonly letter: FileLetter; readonly identity: ExpectedIdentity | null },
): Promise<FileHeader> {
  const header = decodeFileHeader(await files.read(name, { offset: 0, length: FILE_HEADER_BYTES }));
  if (header === null || header.letter !== expected.letter) {
    throw damaged("the header does not match its checksum", name, 0);
  }
  checkVersion(header.version, name);
  if (expected.identity !== null) checkOwner(name, header.identity, expected.identity);
  return header;
}

/** Refuses a file of another owner: its ids count where they are known. */
function checkOwner(file: string, found: Identity, wanted: ExpectedIdentity): void {
  const { clusterId = found.clusterId, incarnation = found.incarnation } = wanted;
  if (found.cluster !== wanted.cluster || found.node !== wanted.node) {
    const problem =
      `it belongs to node n${found.node} of cluster "${found.cluster}", and this is ` +
      `node n${wanted.node} of cluster "${wanted.cluster}"`;
    throw new StorageError("foreign", problem, { file });
  }
  if (found.clusterId !== clusterId) {
    const problem =
      `it belongs to the cluster with the id ${found.clusterId || "0"}, and this node ` +
      `to the one with the id ${clusterId || "0"}`;
    throw new StorageError("foreign", problem, { file });
  }
  if (found.incarnation !== incarnation) {
    const problem =
      `it comes from another folder of this node: incarnation ${found.incarnation}, ` +
      `wanted ${incarnation}`;
    throw new StorageError("foreign", problem, { file });
  }
}

/** Refuses what another version of the program wrote, and says which one can read it. */
function checkVersion(version: number, file: string): void {
  if (version > FORMAT_VERSION) {
    const problem = `its format is version ${version}, this program reads up to ` +
      `version ${FORMAT_VERSION}`;
    throw new StorageError("newer", problem, { file });
  }
  if (version < FORMAT_VERSION_LEAST) {
    const problem = `its format is version ${version}, this program reads from ` +
      `version ${FORMAT_VERSION_LEAST} on`;
    throw new StorageError("older", problem, { file });
  }
}

export async function readVote(files: Files, identity: ExpectedIdentity | null): Promise<VoteFile> {
  const header = await readHeader(files, VOTE_FILE, { letter: "V", identity });
  const bytes = await files.size(VOTE_FILE);
  if (bytes !== FILE_HEADER_BYTES) {
    const problem = `it has ${bytes} bytes instead of ${FILE_HEADER_BYTES}`;
    throw damaged(problem, VOTE_FILE, FILE_HEADER_BYTES);
  }
  const [term, votedFor, sequence, index, snapshotTerm] = header.numbers;
  return {
    vote: { term, votedFor: votedFor === 0 ? null : votedFor },
    sequence,
    snapshot: { index, term: snapshotTerm },
    identity: header.identity,
  };
}

/** Reads the header of a segment and checks the length of the file. */
export async function readSegmentHeader(
  files: Files,
  name: string,
  identity: ExpectedIdentity | null,
): Promise<SegmentFile> {
  const header = await readHeader(files, name, { letter: "L", identity });
  const [sequence, length] = header.numbers;
  if (segmentName(sequence) !== name) {
    const problem = `it is the segment ${segmentName(sequence)} under another name`;
    throw damaged(problem, name, 0);
  }
  const bytes = await files.size(name);
  if (bytes !== length) {
    const problem = `it has ${bytes} bytes instead of ${length}: its end was lost`;
    throw damaged(problem, name, Math.min(bytes, length));
  }
  return { name, sequence, bytes, checksum: header.checksum };
}

/** Reads and checks a snapshot, slice by slice. */
export async function readSnapshot(
  files: Files,
  options: {
    readonly last: Position;
    readonly identity: ExpectedIdentity | null;
    readonly report: (bytes: number) => void;
  },
): Promise<Snapshot> {
  const { last } = options;
  const name = snapshotName(last);
  const header = await readHeader(files, name, { letter: "S", identity: options.identity });
  const [index, term, length, steady, wall] = header.numbers;
  const size = await files.size(name);
  if (index !== last.index || term !== last.term || size !== FILE_HEADER_BYTES + length + 4) {
    const problem =
      `it is the snapshot at ${index}@${term} of ${length} bytes, in a file of ${size}`;
    throw damaged(problem, name, 0);
  }
  const data = new Uint8Array(length);
  let checksum = 0;
  for (let at = 0; at < length;) {
    const wanted = Math.min(SLICE_BYTES, length - at);
    const slice = await files.read(name, { offset: FILE_HEADER_BYTES + at, length: wanted });
    if (slice.length !== wanted) throw shortRead(name, FILE_HEADER_BYTES + at);
    data.set(slice, at);
    checksum = crc32(slice, checksum);
    at += wanted;
    options.report(wanted);
  }
  const end = await files.read(name, { offset: FILE_HEADER_BYTES + length, length: 4 });
  if (end.length !== 4) throw shortRead(name, FILE_HEADER_BYTES + length);
  if (new DataView(end.buffer, end.byteOffset, 4).getUint32(0, true) !== checksum) {
    throw damaged("the image does not match its checksum", name, FILE_HEADER_BYTES);
  }
  const { members, image } = splitSnapshot(data, { file: name, offset: FILE_HEADER_BYTES });
  return { last: { index, term, times: { steady, wall } }, members, data: image };
}

function shortRead(file: string, offset: number): StorageError {
  return new StorageError("failed", "the disk gave fewer bytes than the file has", {
    file,
    offset,
  });
}

/** The position that a segment continues behind which is not the newest, so that it has one. */
export async function readBase(files: Files, segment: SegmentFile): Promise<Position> {
  const { name, checksum: headerChecksum } = segment;
  const place = { headerChecksum, offset: FILE_HEADER_BYTES, start: FILE_HEADER_BYTES };
  const record = await recordAt(
    new Window(files, { ...segment, bytes: BASE_END }, () => {}),
    place,
  );
  const base = record === null ? null : baseOfRecord(record.content);
  if (base !== null) return base;
  throw damaged("the first record does not match its checksum", name, FILE_HEADER_BYTES);
}

/** Options of reading a segment. */
export interface ScanOptions {
  /** Whether it may end in a save that was cut off: nothing was saved behind it. */
  readonly mayBeTorn: boolean;
  readonly report: (bytes: number) => void;
  /** Called with each record of each whole save. */
  readonly visit: (record: RecordContent, offset: number) => void;
}

/** The content of a segment. */
export interface Scanned {
  /** The position it continues behind; `null` if nothing was saved in it. */
  readonly base: Position | null;
  /** The end of the last whole save. */
  readonly end: number;
  /** The bytes after it, if they are not all zero. */
  readonly trimmed: Trimmed | null;
  /** What the save that was cut off continues behind, if it is the first and that can be read. */
  readonly torn: Position | null;
}

/** Reads a segment's records in slices. */
export async function scanSegment(
  files: Files,
  segment: SegmentFile,
  options: ScanOptions,
): Promise<Scanned> {
  const { name, checksum: headerChecksum } = segment;
  const window = new Window(files, segment, options.report);
  let base: Position | null = null;
  let pending: { readonly record: RecordContent; readonly offset: number }[] = [];
  let offset = FILE_HEADER_BYTES;
  while (offset < segment.bytes) {
    const start = pending[0]?.offset ?? offset;
    const record = await recordAt(window, { headerChecksum, offset, start });
    if (record === null) break;
    pending.push({ record: record.content, offset });
    if (!record.content.continues) {
      for (const { record, offset } of pending) options.visit(record, offset);
      base ??= baseOfRecord(pending[0]!.record);
      pending = [];
    }
    offset += record.bytes;
  }
  const end = pending[0]?.offset ?? offset;
  const used = await window.usedFrom(offset);
  if (used === 0 && pending.length === 0) return { base, end, trimmed: null, torn: null };
  const rest = await files.read(name, { offset, length: segment.bytes - offset });
  const place = { headerChecksum, offset, start: end };
  if (!options.mayBeTorn || !isTorn(rest, place)) {
    throw damaged("a record does not match its checksum", name, offset);
  }
  const found = recordHeadersIn(rest, place).filter(({ start }) => start === end);
  const entries = sum(found.map(({ count }) => count)) +
    sum(pending.map(({ record }) => record.entries.length));
  return {
    base,
    end,
    trimmed: { file: name, offset: end, bytes: offset + used - end, entries },
    torn: pending[0] === undefined ? null : baseOfRecord(pending[0].record),
  };
}

/** The record at an offset, if it checks and belongs to the save that starts at `start`. */
async function recordAt(
  window: Window,
  place: RecordPlace,
): Promise<{ readonly content: RecordContent; readonly bytes: number } | null> {
  const { offset, start } = place;
  const header = decodeRecordHeader(await window.bytesAt(offset, RECORD_HEADER_BYTES), place);
  if (header === null || header.start !== start) return null;
  const body = await window.bytesAt(offset + RECORD_HEADER_BYTES, header.bodyBytes);
  const content = decodeRecordBody(body, { ...header, place });
  return content === null ? null : { content, bytes: RECORD_HEADER_BYTES + header.bodyBytes };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** A file seen through a slice of it that moves on. */
class Window {
  readonly #files: Files;
  readonly #file: SegmentFile;
  readonly #report: (bytes: number) => void;
  #slice = new Uint8Array();
  #at = 0;

  constructor(files: Files, file: SegmentFile, report: (bytes: number) => void) {
    this.#files = files;
    this.#file = file;
    this.#report = report;
  }

  /** The bytes of a range, as far as the file has them. */
  async bytesAt(offset: number, length: number): Promise<Uint8Array> {
    const { name, bytes } = this.#file;
    const wanted = Math.min(length, bytes - offset);
    if (offset - this.#at + wanted > this.#slice.length) {
      const slice = Math.min(Math.max(wanted, SLICE_BYTES), bytes - offset);
      this.#slice = await this.#files.read(name, { offset, length: slice });
      this.#at = offset;
      if (this.#slice.length !== slice) throw shortRead(name, offset);
      this.#report(slice);
    }
    return this.#slice.subarray(offset - this.#at, offset - this.#at + wanted);
  }

  /** The bytes from an offset up to the last one that is not zero. */
  async usedFrom(offset: number): Promise<number> {
    let used = 0;
    for (let at = offset; at < this.#file.bytes;) {
      const known = this.#at + this.#slice.length - at;
      const slice = await this.bytesAt(at, known > 0 ? known : SLICE_BYTES);
      const length = usedLength(slice);
      if (length > 0) used = at - offset + length;
      at += slice.length;
    }
    return used;
  }
}

function damaged(problem: string, file: string, offset: number): StorageError {
  return new StorageError("damaged", problem, { file, offset });
}
