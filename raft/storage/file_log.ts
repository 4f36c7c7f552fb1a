/**
 * The log on disk: segments that are made ahead and then filled. It mirrors the entries in memory (the
 * core holds the same objects), so that it can write the live ones again.
 *
 * Not here: votes, snapshots, reading. Invariants: an append is one save, whole or not at all; a
 * segment holds only entries behind its base; what this class calls garbage is not needed any more.
 *
 * @module
 */

import { type LogSegment, neededSegments } from "./file_recovery.ts";
import {
  type Entry,
  type Index,
  invariant,
  type Position,
  type Tail,
  type Term,
} from "../core/mod.ts";
import {
  BASE_RECORD_BYTES,
  encodeRecord,
  endOfRecord,
  entryBytes,
  FILE_HEADER_BYTES,
  RECORD_HEADER_BYTES,
} from "./format/mod.ts";
import type { NewSegment, SegmentMaker } from "./segment_maker.ts";

/** Options of a {@linkcode FileLog}. */
export interface FileLogOptions {
  readonly maker: SegmentMaker;
  /** The size of dead records that segments may hold beside the live ones. */
  readonly segmentBytesMax: number;
  /** The largest record, unless one entry alone is larger; it is encoded and written at once. */
  readonly recordBytesMax: number;
  /** The segments that recovery found, oldest first. */
  readonly segments: readonly LogSegment[];
  readonly sequence: number;
  readonly base: Position;
  readonly entries: readonly Entry[];
}

/** The segment in use. */
interface OpenSegment extends NewSegment {
  readonly base: Position;
  used: number;
}

/** Appends saves to segments. Calls do not overlap; after a failed one the object is of no use. */
export class FileLog {
  readonly #options: FileLogOptions;
  #base: Position;
  readonly #entries: Entry[];
  /** About what the live entries would take if they were written again. */
  #liveBytes = 0;
  #segments: LogSegment[];
  /** The latest segment that was made since the start. */
  #open: OpenSegment | null = null;
  #sequence: number;
  #garbage: string[] = [];
  readonly #buffer: Uint8Array<ArrayBuffer>;

  constructor(options: FileLogOptions) {
    this.#options = options;
    this.#buffer = new Uint8Array(Math.max(options.recordBytesMax, BASE_RECORD_BYTES));
    this.#base = options.base;
    this.#entries = options.entries.slice();
    for (const entry of this.#entries) this.#liveBytes += liveBytes(entry);
    this.#segments = [...options.segments];
    this.#sequence = options.sequence;
  }

  /** The entries behind the base. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** The size of the segments on disk, the one made ahead included. */
  get bytes(): number {
    const { maker } = this.#options;
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, maker.bytes);
  }

  /**
   * Writes the live entries of the newest segment again, to another: after a crash the old one may
   * be in the system's memory only, even after a sync that now succeeds (D3).
   */
  async renew(): Promise<void> {
    const base = this.#segments.at(-1)?.base ?? this.#base;
    await this.#begin(base.index > this.#base.index ? base : this.#base);
  }

  /** Begins to make the segment after the one in use. */
  makeAhead(): void {
    const open = this.#open;
    invariant(open !== null, "Cannot make a segment ahead: none is open");
    this.#options.maker.makeAfter(open.sequence, open.bytes);
  }

  /** From `from` on, the log is exactly `entries`; durable when this resolves. */
  async write(tail: Tail): Promise<void> {
    const end = this.#base.index + this.#entries.length + 1;
    if (tail.from === end && tail.entries.length === 0) return;
    this.#replaceTail(tail);
    const open = this.#open;
    invariant(open !== null, "Cannot append: no segment is open");
    const isBefore = tail.from <= open.base.index;
    if (!isBefore && open.used + this.#bytesOf(tail.entries) <= open.bytes) {
      await this.#append(open, tail);
      await open.file.sync();
    } else {
      const rewrites = !isBefore && this.#isMostlyDead();
      await this.#begin(rewrites ? this.#base : this.#positionAt(tail.from - 1));
      this.makeAhead();
    }
  }

  /** The snapshot stands in for every entry up to `base`. Entries beyond it stay if it is held. */
  async compact(base: Position): Promise<void> {
    if (this.#positionAt(base.index)?.term === base.term) {
      const gone = this.#entries.splice(0, base.index - this.#base.index);
      for (const entry of gone) this.#liveBytes -= liveBytes(entry);
      this.#base = base;
      this.#prune();
    } else {
      this.#entries.length = 0;
      this.#liveBytes = 0;
      this.#base = base;
      await this.#begin(base);
      this.makeAhead();
    }
  }

  /** Names of segments that are no longer needed; each is returned once. */
  takeGarbage(): string[] {
    const garbage = this.#garbage;
    this.#garbage = [];
    return garbage;
  }

  async close(): Promise<void> {
    await this.#open?.file.close();
    this.#open = null;
  }

  #positionAt(index: Index): Position {
    const position = index === this.#base.index
      ? this.#base
      : this.#entries[index - this.#base.index - 1];
    return position ?? { index, term: -1 };
  }

  #replaceTail({ from, entries }: Tail): void {
    const kept = from - 1 - this.#base.index;
    for (let i = kept; i < this.#entries.length; i++) {
      this.#liveBytes -= liveBytes(this.#entries[i]!);
    }
    this.#entries.length = kept;
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#liveBytes += liveBytes(entry);
    }
  }

  /**
   * Whether more than half of the segments is dead, so that writing the rest again pays for itself.
   */
  #isMostlyDead(): boolean {
    const used = this.#segments.reduce((sum, segment) => sum + segment.used, 0);
    return used > 2 * this.#liveBytes + this.#options.segmentBytesMax;
  }

  #prune(): void {
    const needed = neededSegments(this.#segments, this.#base);
    for (const segment of this.#segments) {
      if (!needed.includes(segment)) this.#garbage.push(segment.name);
    }
    this.#segments = needed;
  }

  /** Goes on in the next segment, with the entries behind `base`; durable when this resolves. */
  async #begin(base: Position): Promise<void> {
    invariant(base.term >= 0, `Cannot begin a segment behind ${base.index}: nothing is there`);
    const { maker } = this.#options;
    const sequence = this.#sequence + 1;
    const entries = this.#entries.slice(base.index - this.#base.index);
    const made = await maker.take(sequence, this.#bytesOf(entries));
    const before = this.#open;
    const open = { ...made, base, used: FILE_HEADER_BYTES };
    await this.#append(open, { from: base.index + 1, entries }, base.term);
    await open.file.sync();
    await before?.file.close();
    this.#open = open;
    this.#sequence = sequence;
    this.#segments.push(open);
    this.#prune();
  }

  /**
   * One save as one record, or as several that count only together. The first of a segment, with a
   * `baseTerm`, begins with a record that says what the segment continues behind.
   */
  async #append(open: OpenSegment, { from, entries }: Tail, baseTerm?: Term): Promise<void> {
    const { file, headerChecksum } = open;
    const start = open.used;
    let offset = start;
    if (baseTerm !== undefined) {
      const place = { headerChecksum, offset, start };
      const record = { from, baseTerm, entries: [], continues: entries.length > 0, place };
      const bytes = encodeRecord(this.#bufferOf(BASE_RECORD_BYTES), record);
      await file.write(this.#buffer.subarray(0, bytes), offset);
      offset += bytes;
      if (entries.length === 0) {
        open.used = offset;
        return;
      }
    }
    for (const { first, end, bytes } of this.#recordsOf(entries)) {
      const buffer = this.#bufferOf(bytes);
      encodeRecord(buffer, {
        from: from + first,
        entries: first === 0 && end === entries.length ? entries : entries.slice(first, end),
        continues: end < entries.length,
        place: { headerChecksum, offset, start },
      });
      await file.write(buffer.subarray(0, bytes), offset);
      offset += bytes;
    }
    open.used = offset;
  }

  /** Divides entries into records. */
  *#recordsOf(entries: readonly Entry[]): Generator<{ first: Index; end: Index; bytes: number }> {
    let first = 0;
    do {
      let length = RECORD_HEADER_BYTES;
      let end = first;
      while (end < entries.length) {
        const before = end > first ? entries[end - 1]! : null;
        const next = entryBytes(entries[end]!, before);
        if (end > first && length + next > this.#options.recordBytesMax) break;
        length += next;
        end++;
      }
      yield { first, end, bytes: endOfRecord(length) };
      first = end;
    } while (first < entries.length);
  }

  /** The size of a save of these entries. */
  #bytesOf(entries: readonly Entry[]): number {
    let sum = 0;
    for (const { bytes } of this.#recordsOf(entries)) sum += bytes;
    return sum;
  }

  /** The reused buffer, or one for a single large entry that is not kept. */
  #bufferOf(bytes: number): Uint8Array<ArrayBuffer> {
    return bytes <= this.#buffer.length ? this.#buffer : new Uint8Array(bytes);
  }
}

/** Counted as if each entry were a save of its own. */
function liveBytes(entry: Entry): number {
  return entryBytes(entry, null);
}
