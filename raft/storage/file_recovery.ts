/**
 * Combines the files of a storage folder to the state that a start loads. It changes nothing;
 * {@linkcode FileStorage} acts on the result, and `inspect` prints it.
 *
 * Invariants: damaged bytes are never used; the log is shortened only by bytes that were never
 * synced (D4); a folder without the files that its vote file demands is refused (D8, E4).
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
} from "../core/mod.ts";
import {
  isTemporary,
  kindOfName,
  MEMBERS_FILE,
  positionOfSnapshot,
  readBase,
  readSegmentHeader,
  readSnapshot,
  readVote,
  type Scanned,
  scanSegment,
  type SegmentFile,
  segmentName,
  snapshotName,
  type Trimmed,
  VOTE_FILE,
} from "./file_reading.ts";
import {
  type ExpectedIdentity,
  FILE_HEADER_BYTES,
  type Identity,
  type RecordContent,
} from "./format/mod.ts";
import { StorageError } from "./storage_error.ts";

/** Called while a folder is read. */
export type OpeningProgress = (
  read: { readonly doneBytes: number; readonly totalBytes: number },
) => void;

/** Options of reading a folder. */
export interface RecoveryOptions {
  /** The owner that the folder must have; `null`: any. */
  readonly identity: ExpectedIdentity | null;
  readonly progress?: OpeningProgress | undefined;
}

/** A segment with at least one save. */
interface Segment extends SegmentFile {
  /** The log ends here when the segment begins. */
  readonly base: Position;
}

/** A segment of the log. */
export interface LogSegment {
  readonly name: string;
  readonly base: Position;
  /** The length of the file. */
  readonly bytes: number;
  /** The end of the last save in it. */
  readonly used: number;
}

/** The content of a folder. */
export interface Recovered {
  readonly persistent: Persistent;
  readonly identity: Identity;
  /** The segments of the log, oldest first. */
  readonly segments: readonly LogSegment[];
  /** The sequence of the newest segment with a save, needed or not. */
  readonly sequence: number;
  /** The sequence of the newest segment that the vote file demands. */
  readonly least: number;
  /** The segment that was made ahead of need, if it holds nothing but zeros. */
  readonly spare: SegmentFile | null;
  readonly trimmed: Trimmed | null;
  /** Names of files that are no longer needed. */
  readonly garbage: readonly string[];
}

/** Reads the folder; `null` if it is empty. Throws a {@linkcode StorageError} if it is damaged. */
export async function recover(files: Files, options: RecoveryOptions): Promise<Recovered | null> {
  const isOurs = (name: string): boolean => kindOfName(name) !== null && name !== MEMBERS_FILE;
  const names = (await files.list()).filter(isOurs).sort();
  const temporary = names.filter(isTemporary);
  if (names.length === temporary.length) return null;
  if (!names.includes(VOTE_FILE)) {
    throw new StorageError("damaged", "the vote is missing though other files are there", {
      file: VOTE_FILE,
    });
  }
  const voteFile = await readVote(files, options.identity);
  const { identity } = voteFile;
  const base = newestSnapshot(names, voteFile.snapshot);
  const segmentFiles: SegmentFile[] = [];
  for (const name of names) {
    if (kindOfName(name) !== "log") continue;
    segmentFiles.push(await readSegmentHeader(files, name, identity));
  }
  checkNewest(segmentFiles.at(-1), voteFile.sequence);
  const report = await progressOf(files, { segmentFiles, base }, options.progress);
  const log = await readLog(files, { segmentFiles, snapshot: base ?? ORIGIN, report });
  const snapshot = base === null
    ? null
    : await readSnapshot(files, { last: base, identity, report });
  const persistent = { ...voteFile.vote, snapshot, entries: log.entries ?? [] };
  checkTerms(persistent);
  const segments = log.entries === null ? [] : log.segments;
  const needed = new Set([VOTE_FILE, ...segments.map(({ name }) => name)]);
  if (base !== null) needed.add(snapshotName(base));
  if (log.unused !== null) needed.add(log.unused.name);
  const garbage = names.filter((name) => !needed.has(name));
  const { sequence, spare, trimmed } = log;
  const least = voteFile.sequence;
  return { persistent, identity, segments, sequence, least, spare, trimmed, garbage };
}

/** The log that the segments contain. */
interface FoundLog extends Pick<Recovered, "segments" | "sequence" | "spare" | "trimmed"> {
  /** The entries beyond the snapshot; `null`: the log does not hold the snapshot's position. */
  readonly entries: readonly Entry[] | null;
  /** The newest file, if it holds no save. */
  readonly unused: SegmentFile | null;
}

async function readLog(
  files: Files,
  options: {
    readonly segmentFiles: readonly SegmentFile[];
    readonly snapshot: Position;
    readonly report: (bytes: number) => void;
  },
): Promise<FoundLog> {
  const { segmentFiles, snapshot, report } = options;
  const log = new Replay();
  const last = segmentFiles.at(-1);
  if (last === undefined) {
    const entries = log.beyond(snapshot);
    return { entries, segments: [], sequence: 0, spare: null, unused: null, trimmed: null };
  }
  const newest = await scanWhole(files, last, { mayBeTorn: true, report });
  const unused = newest.base === null ? last : null;
  const known: Segment[] = [];
  for (const file of segmentFiles) {
    const base = file === last ? newest.base : await readBase(files, file);
    if (base !== null) known.push({ ...file, base });
  }
  const sequence = known.at(-1)?.sequence ?? 0;
  checkUnused(unused, sequence);
  const needed = neededSegments(known, snapshot);
  checkBegin(needed[0], snapshot);
  const segments: LogSegment[] = [];
  let trimmed: Trimmed | null = null;
  for (const segment of needed) {
    const mayBeTorn = segment.sequence === sequence && unused !== null;
    const scanned = segment.name === last.name
      ? newest
      : await scanWhole(files, segment, { mayBeTorn, report });
    log.begin(segment);
    for (const { record, offset } of scanned.records) log.add(segment, { record, offset });
    trimmed = scanned.trimmed;
    segments.push({ ...segment, used: scanned.end });
  }
  if (unused !== null && newest.torn !== null && newest.torn.index > snapshot.index) {
    log.checkHolds({ name: unused.name, base: newest.torn });
  }
  return {
    entries: log.beyond(snapshot),
    segments,
    sequence,
    unused,
    spare: newest.trimmed === null ? unused : null,
    trimmed: trimmed ?? newest.trimmed,
  };
}

interface ScannedWhole extends Scanned {
  readonly records: readonly { readonly record: RecordContent; readonly offset: number }[];
}

async function scanWhole(
  files: Files,
  segment: SegmentFile,
  options: { readonly mayBeTorn: boolean; readonly report: (bytes: number) => void },
): Promise<ScannedWhole> {
  const records: { record: RecordContent; offset: number }[] = [];
  const visit = (record: RecordContent, offset: number): void =>
    void records.push({ record, offset });
  return { ...await scanSegment(files, segment, { ...options, visit }), records };
}

/** Reports the progress of a long recovery to the caller. */
async function progressOf(
  files: Files,
  found: { readonly segmentFiles: readonly SegmentFile[]; readonly base: Position | null },
  progress: OpeningProgress | undefined,
): Promise<(bytes: number) => void> {
  let totalBytes = found.base === null ? 0 : await files.size(snapshotName(found.base));
  for (const { bytes } of found.segmentFiles) totalBytes += bytes;
  let doneBytes = 0;
  return (bytes) => {
    doneBytes += bytes;
    progress?.({ doneBytes, totalBytes });
  };
}

/** The newest segment must not be older than the vote file demands. */
function checkNewest(newest: SegmentFile | undefined, least: number): void {
  if ((newest?.sequence ?? 0) >= least) return;
  throw new StorageError("damaged", "the newest log segment is missing", {
    file: segmentName(least),
  });
}

/** A segment that was made ahead follows the newest that is in use. */
function checkUnused(unused: SegmentFile | null, sequence: number): void {
  if (unused === null || unused.sequence === sequence + 1) return;
  throw new StorageError("damaged", "the newest log segment that was in use is missing", {
    file: segmentName(unused.sequence - 1),
  });
}

/** The newest of the snapshots, which must not be older than the vote file demands. */
function newestSnapshot(names: readonly string[], least: Position): Position | null {
  const name = names.findLast((name) => kindOfName(name) === "snapshot");
  const newest = name === undefined ? null : positionOfSnapshot(name);
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

/** Builds the log again from the saves of its segments. */
class Replay {
  #base: Position | null = null;
  #entries: Entry[] = [];

  /** A segment begins where the log ends at its base. */
  begin(segment: { readonly base: Position; readonly name: string }): void {
    this.#base ??= segment.base;
    this.checkHolds(segment);
    this.#entries.length = segment.base.index - this.#base.index;
  }

  /** No segment may continue behind a position that the log does not hold. */
  checkHolds({ base, name }: { readonly base: Position; readonly name: string }): void {
    const begin = this.#base ?? base;
    const held = base.index === begin.index ? begin : this.#entries[base.index - begin.index - 1];
    if (held?.term === base.term) return;
    const problem =
      `it continues behind ${base.index}@${base.term}, which the log does not hold: ` +
      "a segment is missing";
    throw new StorageError("damaged", problem, { file: name, offset: 0 });
  }

  /** A record replaces the log from its first entry on. */
  add(segment: Segment, at: { readonly record: RecordContent; readonly offset: number }): void {
    const base = this.#base ?? segment.base;
    const { from, entries, baseTerm } = at.record;
    if (baseTerm !== undefined && at.offset === FILE_HEADER_BYTES) return;
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
