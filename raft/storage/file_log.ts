/**
 * The log on disk: segments that come into being by rename and then only grow. It mirrors the entries
 * in memory (the core holds the same objects), so that it can write the live ones again.
 *
 * Not here: votes, snapshots, reading. Invariants: an append is one save, whole or not at all; a
 * segment holds only entries behind its base; what this class calls garbage is not needed any more.
 *
 * @module
 */

import { neededSegments, segmentName } from "./file_recovery.ts";
import {
  type AppendFile,
  type Entry,
  type Files,
  type Index,
  invariant,
  type Position,
  type Tail,
} from "../core/mod.ts";
import {
  alignUp,
  decodeFileHeader,
  encodeFileHeader,
  encodeRecord,
  entryBytes,
  FILE_HEADER_BYTES,
  type Identity,
  RECORD_HEADER_BYTES,
} from "./record.ts";

/** What a {@linkcode FileLog} is made of. */
export interface FileLogOptions {
  readonly files: Files;
  readonly identity: Identity;
  /** A segment that has reached this size is followed by another. */
  readonly segmentBytesMax: number;
  /** A record is not larger, unless one entry alone is: what is encoded and written at once. */
  readonly recordBytesMax: number;
  /** Called when a new segment is durable, before anything relies on it. */
  readonly begun: (sequence: number) => Promise<void>;
  /** What recovery found: names of segments with their bases, oldest first. */
  readonly segments: readonly LogSegment[];
  readonly sequence: number;
  readonly base: Position;
  readonly entries: readonly Entry[];
}

/** A segment the log is made of. */
export interface LogSegment {
  readonly name: string;
  readonly base: Position;
  bytes: number;
}

interface OpenSegment extends LogSegment {
  readonly file: AppendFile;
  readonly headerChecksum: number;
}

/** Appends saves to segments. Calls do not overlap; after a failed one the object is of no use. */
export class FileLog {
  readonly #options: FileLogOptions;
  #base: Position;
  readonly #entries: Entry[];
  /** What the live entries would take if they were written again. */
  #liveBytes = 0;
  #segments: LogSegment[];
  #open: OpenSegment | null = null;
  #sequence: number;
  #garbage: string[] = [];
  readonly #buffer: Uint8Array<ArrayBuffer>;

  constructor(options: FileLogOptions) {
    this.#options = options;
    this.#buffer = new Uint8Array(options.recordBytesMax);
    this.#base = options.base;
    this.#entries = options.entries.slice();
    for (const entry of this.#entries) this.#liveBytes += entryBytes(entry);
    this.#segments = [...options.segments];
    this.#sequence = options.sequence;
  }

  /** The entries behind the base. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Bytes of the segments on disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /**
   * Writes the newest segment again under a new name. What a crash left in the old one may be in the
   * system's memory only, even after a sync that now succeeds (D3); what is written now is not.
   */
  async renew(): Promise<void> {
    const base = this.#segments.at(-1)?.base ?? this.#base;
    await this.#begin(base.index > this.#base.index ? base : this.#base);
  }

  /** From `from` on, the log is exactly `entries`; durable when this resolves. */
  async write(tail: Tail): Promise<void> {
    const end = this.#base.index + this.#entries.length + 1;
    if (tail.from === end && tail.entries.length === 0) return;
    this.#replaceTail(tail);
    const open = this.#open;
    invariant(open !== null, "Cannot append: no segment is open");
    if (tail.from <= open.base.index) {
      await this.#begin(this.#positionAt(tail.from - 1));
    } else if (open.bytes >= this.#options.segmentBytesMax) {
      await this.#begin(this.#isMostlyDead() ? this.#base : this.#positionAt(tail.from - 1));
    } else {
      await this.#append(open, tail);
      await open.file.sync();
    }
  }

  /** The snapshot stands in for every entry up to `base`. Entries beyond it stay if it is held. */
  async compact(base: Position): Promise<void> {
    if (this.#positionAt(base.index)?.term === base.term) {
      const gone = this.#entries.splice(0, base.index - this.#base.index);
      for (const entry of gone) this.#liveBytes -= entryBytes(entry);
      this.#base = base;
      this.#prune();
      if (this.#isMostlyDead()) await this.#begin(base);
    } else {
      this.#entries.length = 0;
      this.#liveBytes = 0;
      this.#base = base;
      await this.#begin(base);
    }
  }

  /** Names of segments that are not needed any more; they are not told again. */
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
      this.#liveBytes -= entryBytes(this.#entries[i]!);
    }
    this.#entries.length = kept;
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#liveBytes += entryBytes(entry);
    }
  }

  /** More than half of the segments is of no use, so that writing the rest again pays for itself. */
  #isMostlyDead(): boolean {
    return this.bytes > 2 * this.#liveBytes + this.#options.segmentBytesMax / 4;
  }

  #prune(): void {
    const needed = neededSegments(this.#segments, this.#base);
    for (const segment of this.#segments) {
      if (!needed.includes(segment)) this.#garbage.push(segment.name);
    }
    this.#segments = needed;
  }

  /** A new segment with the entries behind `base`; whole and durable before it gets its name. */
  async #begin(base: Position): Promise<void> {
    invariant(base.term >= 0, `Cannot begin a segment behind ${base.index}: nothing is there`);
    const { files, identity } = this.#options;
    const sequence = this.#sequence + 1;
    const name = segmentName(sequence);
    const numbers = [sequence, base.index, base.term, 0, 0] as const;
    const header = encodeFileHeader({ letter: "L", identity, numbers });
    const headerChecksum = decodeFileHeader(header)?.checksum ?? 0;
    await this.close();
    const file = await files.create(`${name}.tmp`);
    const open = { name, base, bytes: 0, file, headerChecksum };
    this.#open = open;
    await file.append(header);
    open.bytes = header.length;
    const entries = this.#entries.slice(base.index - this.#base.index);
    if (entries.length > 0) await this.#append(open, { from: base.index + 1, entries });
    await file.sync();
    await files.rename(`${name}.tmp`, name);
    await files.syncFolder();
    await this.#options.begun(sequence);
    this.#sequence = sequence;
    this.#segments.push(open);
    this.#prune();
  }

  /** One save as one record, or as several that count only together. */
  async #append(open: OpenSegment, { from, entries }: Tail): Promise<void> {
    const start = open.bytes;
    let first = 0;
    do {
      let length = RECORD_HEADER_BYTES;
      let end = first;
      while (end < entries.length) {
        const next = entryBytes(entries[end]!);
        if (end > first && length + next > this.#options.recordBytesMax) break;
        length += next;
        end++;
      }
      const buffer = this.#bufferOf(alignUp(length));
      const bytes = encodeRecord(buffer, {
        from: from + first,
        entries: first === 0 && end === entries.length ? entries : entries.slice(first, end),
        continues: end < entries.length,
        place: { headerChecksum: open.headerChecksum, offset: open.bytes, start },
      });
      await open.file.append(buffer.subarray(0, bytes));
      open.bytes += bytes;
      first = end;
    } while (first < entries.length);
  }

  /** The reused buffer, or one for a single large entry that is not kept. */
  #bufferOf(bytes: number): Uint8Array<ArrayBuffer> {
    return bytes <= this.#buffer.length ? this.#buffer : new Uint8Array(bytes);
  }
}

/** The least a segment may be given: a header and one small record. */
export const SEGMENT_BYTES_LEAST = FILE_HEADER_BYTES + RECORD_HEADER_BYTES;
