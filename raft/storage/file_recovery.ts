/**
 * Reads a storage folder and decides what it means. It changes nothing; {@linkcode FileStorage} acts
 * on what it says, and `inspect` prints it.
 *
 * Invariants: nothing that does not check is served; the log is shortened only by what was never
 * synced (D4); what the vote file says must be there is there, or the folder is refused (D8, E4).
 *
 * @module
 */

import {
  type Entry,
  type Files,
  firstGap,
  ORIGIN,
  type Persistent,
  type Position,
  type Snapshot,
  type Vote,
} from "../core/mod.ts";
import {
  decodeFileHeader,
  decodeRecordBody,
  decodeRecordHeader,
  FILE_HEADER_BYTES,
  type FileHeader,
  type FileLetter,
  FORMAT_VERSION,
  type Identity,
  isTorn,
  RECORD_HEADER_BYTES,
  type RecordContent,
} from "./record.ts";
import { StorageError } from "./storage_error.ts";
import { crc32 } from "./crc32.ts";

/** How much is read at once. */
export const SLICE_BYTES = 1 << 20;
export const VOTE_FILE = "vote";
const TEMPORARY = /^(vote|log-\d{10}|snapshot-\d{16}-\d{16})\.tmp$/;
const SEGMENT = /^log-(\d{10})$/;
const SNAPSHOT = /^snapshot-(\d{16})-(\d{16})$/;

/** Told while a folder is read. */
export type Progress = (read: { readonly doneBytes: number; readonly totalBytes: number }) => void;

/** How a folder is read. */
export interface RecoveryOptions {
  /** Whose folder it has to be. `null`: anybody's. */
  readonly identity: Identity | null;
  readonly progress?: Progress | undefined;
}

/** A segment whose name and header are known. */
export interface Segment {
  readonly name: string;
  readonly sequence: number;
  /** The log ends here when the segment begins. */
  readonly base: Position;
  readonly bytes: number;
  readonly checksum: number;
}

/** The vote file: the vote, and what else must be in the folder at least. */
export interface VoteFile {
  readonly vote: Vote;
  /** The newest segment has this sequence or a later one. */
  readonly sequence: number;
  /** The newest snapshot has this position or a later one. */
  readonly snapshot: Position;
  readonly identity: Identity;
}

/** Bytes behind the last record that counts: a save that was cut off before its sync. */
export interface Trimmed {
  /** Its name. */
  readonly file: string;
  /** Where the torn record begins. */
  readonly offset: number;
  /** How many bytes were cut off. */
  readonly bytes: number;
}

/** What a folder holds. */
export interface Recovered {
  readonly persistent: Persistent;
  readonly identity: Identity;
  /** The segments that the log is made of, oldest first. */
  readonly segments: readonly Segment[];
  /** The sequence of the newest segment, needed or not. */
  readonly sequence: number;
  readonly trimmed: Trimmed | null;
  /** Names that nothing names any more. */
  readonly garbage: readonly string[];
}

export function segmentName(sequence: number): string {
  return `log-${String(sequence).padStart(10, "0")}`;
}

export function snapshotName({ index, term }: Position): string {
  return `snapshot-${String(index).padStart(16, "0")}-${String(term).padStart(16, "0")}`;
}

/** What a name in the folder stands for; `null`: not one of ours. */
export function kindOfName(name: string): "vote" | "log" | "snapshot" | "temporary" | null {
  if (name === VOTE_FILE) return "vote";
  if (SEGMENT.test(name)) return "log";
  if (SNAPSHOT.test(name)) return "snapshot";
  return isTemporary(name) ? "temporary" : null;
}

/** Whether a name stands for a file of ours that was never finished. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

/** Reads the folder; `null` when it is empty. Throws a {@linkcode StorageError} when it is not sound. */
export async function recover(files: Files, options: RecoveryOptions): Promise<Recovered | null> {
  const names = (await files.list()).filter((name) => kindOfName(name) !== null).sort();
  const temporary = names.filter(isTemporary);
  if (names.length === temporary.length) return null;
  if (!names.includes(VOTE_FILE)) {
    throw new StorageError("damaged", "the vote is missing though other files are there", {
      file: VOTE_FILE,
    });
  }
  const voteFile = await readVote(files, options.identity);
  const identity = voteFile.identity;
  const snapshotNames = names.filter((name) => kindOfName(name) === "snapshot");
  const newest = newestSnapshot(snapshotNames, voteFile.snapshot);
  const allSegments: Segment[] = [];
  for (const name of names) {
    if (kindOfName(name) === "log") {
      allSegments.push(await readSegmentHeader(files, name, identity));
    }
  }
  const sequence = allSegments.at(-1)?.sequence ?? 0;
  if (sequence < voteFile.sequence) {
    throw new StorageError("damaged", "the newest log segment is missing", {
      file: segmentName(voteFile.sequence),
    });
  }
  const segments = neededSegments(allSegments, newest ?? ORIGIN);
  checkBegin(segments[0], newest ?? ORIGIN);
  const snapshotSize = newest === null ? 0 : await files.size(snapshotName(newest));
  const total = segments.reduce((sum, { bytes }) => sum + bytes, snapshotSize);
  const report = progressOf(total, options.progress);
  const snapshot = newest === null
    ? null
    : await readSnapshot(files, { last: newest, identity, report });
  const log = new Replay();
  let trimmed: Trimmed | null = null;
  for (const segment of segments) {
    log.begin(segment);
    trimmed = await scanSegment(files, segment, {
      newest: segment.sequence === sequence,
      report,
      visit: (record, offset) => log.add(segment, { record, offset }),
    });
  }
  const entries = log.beyond(newest ?? ORIGIN);
  const persistent = { ...voteFile.vote, snapshot, entries: entries ?? [] };
  checkTerms(persistent);
  const live = entries === null ? [] : segments;
  const needed = new Set([VOTE_FILE, ...live.map(({ name }) => name)]);
  if (newest !== null) needed.add(snapshotName(newest));
  const garbage = names.filter((name) => !needed.has(name));
  return { persistent, identity, segments: live, sequence, trimmed, garbage };
}

/** Adds up slices, so that the caller of a long recovery can show how far it is. */
function progressOf(totalBytes: number, progress: Progress | undefined): (bytes: number) => void {
  let doneBytes = 0;
  return (bytes) => {
    doneBytes += bytes;
    progress?.({ doneBytes, totalBytes });
  };
}

/** Reads the 96 bytes and refuses what is damaged, newer or somebody else's. */
export async function readHeader(
  files: Files,
  name: string,
  expected: { readonly letter: FileLetter; readonly identity: Identity | null },
): Promise<FileHeader> {
  const header = decodeFileHeader(await files.read(name, { offset: 0, length: FILE_HEADER_BYTES }));
  if (header === null || header.letter !== expected.letter) {
    throw new StorageError("damaged", "the header does not check", { file: name, offset: 0 });
  }
  if (header.version > FORMAT_VERSION) {
    const problem = `its format is version ${header.version}, this program reads up to ` +
      `version ${FORMAT_VERSION}`;
    throw new StorageError("newer", problem, { file: name });
  }
  const { cluster, node } = header.identity;
  const wanted = expected.identity;
  if (wanted !== null && (cluster !== wanted.cluster || node !== wanted.node)) {
    const problem = `it belongs to node n${node} of cluster "${cluster}", and this is node ` +
      `n${wanted.node} of cluster "${wanted.cluster}"`;
    throw new StorageError("foreign", problem, { file: name });
  }
  return header;
}

export async function readVote(files: Files, identity: Identity | null): Promise<VoteFile> {
  const header = await readHeader(files, VOTE_FILE, { letter: "V", identity });
  const bytes = await files.size(VOTE_FILE);
  if (bytes !== FILE_HEADER_BYTES) {
    const problem = `it has ${bytes} bytes instead of ${FILE_HEADER_BYTES}`;
    throw new StorageError("damaged", problem, { file: VOTE_FILE, offset: FILE_HEADER_BYTES });
  }
  const [term, votedFor, sequence, index, snapshotTerm] = header.numbers;
  return {
    vote: { term, votedFor: votedFor === 0 ? null : votedFor },
    sequence,
    snapshot: { index, term: snapshotTerm },
    identity: header.identity,
  };
}

export async function readSegmentHeader(
  files: Files,
  name: string,
  identity: Identity | null,
): Promise<Segment> {
  const header = await readHeader(files, name, { letter: "L", identity });
  const [sequence, index, term] = header.numbers;
  if (segmentName(sequence) !== name) {
    const problem = `it is the segment ${segmentName(sequence)} under another name`;
    throw new StorageError("damaged", problem, { file: name, offset: 0 });
  }
  const bytes = await files.size(name);
  return { name, sequence, base: { index, term }, bytes, checksum: header.checksum };
}

/** The newest of the snapshots, which must not be older than the vote file demands. */
function newestSnapshot(names: readonly string[], least: Position): Position | null {
  const match = names.length === 0 ? null : SNAPSHOT.exec(names.at(-1)!);
  const newest = match === null ? null : { index: Number(match[1]), term: Number(match[2]) };
  if ((newest?.index ?? 0) < least.index) {
    throw new StorageError("damaged", "the newest snapshot is missing", {
      file: snapshotName(least),
    });
  }
  return newest;
}

/**
 * A segment cuts the log at its base, so it makes every earlier one with the same base or a later one
 * needless; and the first whose base the snapshot covers makes all before it needless.
 */
export function neededSegments<Known extends { readonly base: Position }>(
  segments: readonly Known[],
  snapshot: Position,
): Known[] {
  const needed: Known[] = [];
  for (const segment of segments.toReversed()) {
    const next = needed[0];
    if (next !== undefined && next.base.index <= snapshot.index) break;
    if (next === undefined || segment.base.index < next.base.index) needed.unshift(segment);
  }
  return needed;
}

/** The log begins where the snapshot ends, or before. */
function checkBegin(first: Segment | undefined, snapshot: Position): void {
  if (first === undefined || first.base.index <= snapshot.index) return;
  const problem = `the log begins behind ${first.base.index}, but the snapshot ends at ` +
    `${snapshot.index}: a segment or a snapshot is missing`;
  throw new StorageError("damaged", problem, { file: first.name });
}

/** Reads and checks a snapshot, slice by slice. */
export async function readSnapshot(
  files: Files,
  options: {
    readonly last: Position;
    readonly identity: Identity | null;
    readonly report: (bytes: number) => void;
  },
): Promise<Snapshot> {
  const { last } = options;
  const name = snapshotName(last);
  const header = await readHeader(files, name, { letter: "S", identity: options.identity });
  const [index, term, length] = header.numbers;
  const size = await files.size(name);
  if (index !== last.index || term !== last.term || size !== FILE_HEADER_BYTES + length + 4) {
    const problem =
      `it is the snapshot at ${index}@${term} of ${length} bytes, in a file of ${size}`;
    throw new StorageError("damaged", problem, { file: name, offset: 0 });
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
    throw new StorageError("damaged", "the image does not check", {
      file: name,
      offset: FILE_HEADER_BYTES,
    });
  }
  return { last, data };
}

function shortRead(file: string, offset: number): StorageError {
  return new StorageError("failed", "the disk gave fewer bytes than the file has", {
    file,
    offset,
  });
}

/** What a scan tells and needs to know. */
export interface ScanOptions {
  /** Only the newest segment may end in a save that was cut off. */
  readonly newest: boolean;
  readonly report: (bytes: number) => void;
  /** Called with each record of each whole save. */
  readonly visit: (record: RecordContent, offset: number) => void;
}

/** Reads a segment's records in slices. Returns what is behind the last whole save, if anything. */
export async function scanSegment(
  files: Files,
  segment: Segment,
  options: ScanOptions,
): Promise<Trimmed | null> {
  const { name, bytes: size, checksum: headerChecksum } = segment;
  let window = new Uint8Array();
  let windowAt = 0;
  const bytesAt = async (offset: number, length: number): Promise<Uint8Array> => {
    const wanted = Math.min(length, size - offset);
    if (offset - windowAt + wanted > window.length) {
      const slice = Math.min(Math.max(wanted, SLICE_BYTES), size - offset);
      window = await files.read(name, { offset, length: slice });
      windowAt = offset;
      if (window.length !== slice) throw shortRead(name, offset);
      options.report(slice);
    }
    return window.subarray(offset - windowAt, offset - windowAt + wanted);
  };
  let pending: { readonly record: RecordContent; readonly offset: number }[] = [];
  let offset = FILE_HEADER_BYTES;
  while (offset < size) {
    const place = { headerChecksum, offset };
    const header = decodeRecordHeader(await bytesAt(offset, RECORD_HEADER_BYTES), place);
    const start = pending[0]?.offset ?? offset;
    const body = header === null
      ? null
      : await bytesAt(offset + RECORD_HEADER_BYTES, header.bodyBytes);
    const entries = header === null || body === null
      ? null
      : decodeRecordBody(body, { ...header, place });
    if (header === null || entries === null || header.start !== start) {
      const rest = await files.read(name, { offset, length: size - offset });
      if (!options.newest || !isTorn(rest, { headerChecksum, offset, start })) {
        throw new StorageError("damaged", "a record does not check", { file: name, offset });
      }
      return { file: name, offset: start, bytes: size - start };
    }
    const { from, continues } = header;
    pending.push({ record: { from, continues, entries }, offset });
    if (!continues) {
      for (const { record, offset } of pending) options.visit(record, offset);
      pending = [];
    }
    offset += RECORD_HEADER_BYTES + header.bodyBytes;
  }
  const start = pending[0]?.offset;
  if (start === undefined) return null;
  if (options.newest) return { file: name, offset: start, bytes: size - start };
  throw new StorageError("damaged", "a save ends in the middle", { file: name, offset: start });
}

/** Builds the log again from the saves of its segments. */
class Replay {
  #base: Position | null = null;
  #entries: Entry[] = [];

  /** A segment begins where the log ends at its base. */
  begin({ base, name }: Segment): void {
    this.#base ??= base;
    const held = base.index === this.#base.index
      ? this.#base
      : this.#entries[base.index - this.#base.index - 1];
    if (held?.term !== base.term) {
      const problem =
        `it continues behind ${base.index}@${base.term}, which the log does not hold: ` +
        "a segment is missing";
      throw new StorageError("damaged", problem, { file: name, offset: 0 });
    }
    this.#entries.length = base.index - this.#base.index;
  }

  /** A record replaces the log from its first entry on. */
  add(segment: Segment, at: { readonly record: RecordContent; readonly offset: number }): void {
    const base = this.#base ?? segment.base;
    const { from, entries } = at.record;
    const kept = from - 1 - base.index;
    const previous = from - 1 === base.index ? base : this.#entries[kept - 1];
    if (
      from <= segment.base.index || kept > this.#entries.length || previous === undefined ||
      firstGap(previous, entries) !== null
    ) {
      throw new StorageError("damaged", `entries from ${from} on do not follow the log`, {
        file: segment.name,
        offset: at.offset,
      });
    }
    this.#entries.length = kept;
    for (const entry of entries) this.#entries.push(entry);
  }

  /**
   * The entries behind the snapshot, if the log holds the snapshot's position with the same term.
   * `null`: it ended before, or belonged to a leader that lost, and must be dropped (S1).
   */
  beyond(snapshot: Position): Entry[] | null {
    const base = this.#base ?? snapshot;
    const held = snapshot.index === base.index
      ? base
      : this.#entries[snapshot.index - base.index - 1];
    return held?.term === snapshot.term ? this.#entries.slice(snapshot.index - base.index) : null;
  }
}

/** The vote is saved before any entry of its term; an older one is not this folder's (E4). */
function checkTerms({ term, snapshot, entries }: Persistent): void {
  const highest = Math.max(snapshot?.last.term ?? 0, entries.at(-1)?.term ?? 0);
  if (highest <= term) return;
  const problem = `it is of term ${term}, but the log is of term ${highest}: it is an older copy`;
  throw new StorageError("damaged", problem, { file: VOTE_FILE });
}
