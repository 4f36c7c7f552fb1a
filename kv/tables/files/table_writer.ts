/**
 * Writes one table file: entries in order, block after block, then what makes it readable. The file
 * gets its name when all of it is durable.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { type AppendFile, type Files, invariant } from "../../../raft/mod.ts";
import { BLOCK_BYTES, BlockBuilder } from "./block.ts";
import { BloomBuilder } from "./bloom.ts";
import { compareKeyAt, compareKeys, type Entry, keyOf, RawEntry } from "./entry.ts";
import { type BlockPlace, encodeFoot, encodeIndex, encodeSummary, HEAD } from "./table_format.ts";

/** Blocks are handed to the disk in pieces of this size. */
const WRITE_BYTES = 256 * 1024;

/** What becomes of a table that is no longer wanted, or is cut off: a file that no manifest names. */
export const UNFINISHED = ".new";

/** One table file in the making. */
export class TableWriter {
  readonly #files: Files;
  readonly #name: string;
  readonly #block = new BlockBuilder();
  readonly #filter = new BloomBuilder();
  readonly #places: BlockPlace[] = [];
  #file: AppendFile | null = null;
  /** Finished blocks that wait for {@linkcode flush}; the room is used again after it. */
  #pending = new Uint8Array(WRITE_BYTES + 4 * BLOCK_BYTES);
  #pendingBytes = 0;
  /** Bytes of finished blocks, the head included. */
  #length = HEAD.length;
  #smallest: string | null = null;
  #lastRevision = Infinity;
  #oldestRevision = Infinity;
  #newestRevision = 0;
  #entries = 0;
  #deletions = 0;

  constructor(files: Files, name: string) {
    this.#files = files;
    this.#name = name;
    this.#put(HEAD);
  }

  /** About how long the file would be if it ended here. */
  get bytes(): number {
    return this.#length + this.#block.size;
  }

  /** The number of entries that were added. */
  get entries(): number {
    return this.#entries;
  }

  /** Whether an entry is of the key that was added last: then it belongs into the same file. */
  goesOn(entry: Entry | RawEntry): boolean {
    return this.#smallest !== null && this.#compareLast(entry) === 0;
  }

  /** Whether {@linkcode flush} has something to write. */
  get mustFlush(): boolean {
    return this.#pendingBytes >= WRITE_BYTES;
  }

  /** Adds an entry behind all others: keys upward, versions of one key from new to old. */
  add(entry: Entry): void {
    this.#begin(entry, entry.value === null);
    this.#block.add(entry);
    this.#end(entry);
  }

  /** As {@linkcode add}, of an entry that lies in the block of another table. */
  addRaw(entry: RawEntry): void {
    this.#begin(entry, entry.isDeletion);
    this.#block.addRaw(entry);
    this.#end(entry);
  }

  #begin(entry: Entry | RawEntry, isDeletion: boolean): void {
    if (this.#smallest === null) this.#smallest = entry.key;
    else {
      const order = this.#compareLast(entry);
      const isBehind = order < 0 || order === 0 && this.#lastRevision > entry.revision;
      invariant(isBehind, "entries of a table are added in order");
    }
    if (!this.#block.isEmpty && this.#block.size >= BLOCK_BYTES) this.#endBlock();
    this.#entries++;
    if (isDeletion) this.#deletions++;
  }

  #end({ revision }: Entry | RawEntry): void {
    const { bytes, at } = this.#block.last;
    this.#filter.add(bytes, at + 2, at + 2 + (bytes[at]! << 8 | bytes[at + 1]!));
    this.#lastRevision = revision;
    this.#oldestRevision = Math.min(this.#oldestRevision, revision);
    this.#newestRevision = Math.max(this.#newestRevision, revision);
  }

  /** How the key that was added last compares to that of an entry. */
  #compareLast(entry: Entry | RawEntry): number {
    const { bytes, at } = this.#block.last;
    if (!(entry instanceof RawEntry)) return compareKeyAt(bytes, at, entry.key);
    return compareKeys(bytes, at, entry);
  }

  /** Hands finished blocks to the disk. */
  async flush(): Promise<void> {
    const file = this.#file ??= await this.#files.create(`${this.#name}${UNFINISHED}`);
    const length = this.#pendingBytes;
    this.#pendingBytes = 0;
    await file.append(this.#pending.subarray(0, length));
  }

  /**
   * Makes the file durable under its name, and returns what identifies its content. The folder is not
   * synced yet.
   *
   * @param rest Called between steps; what it returns is waited for.
   */
  async finish(rest: () => Promise<void> | null = () => null): Promise<number> {
    invariant(this.#smallest !== null, "a table has at least one entry");
    const largest = this.#endBlock();
    const index = encodeIndex(this.#places);
    const filter = await this.#buildFilter(rest);
    const summary = encodeSummary({
      smallest: this.#smallest,
      largest,
      firstRevision: this.#oldestRevision,
      lastRevision: this.#newestRevision,
      entries: this.#entries,
      deletions: this.#deletions,
    });
    const tail = concatenate([index, filter, summary]);
    const checksum = crc32(tail);
    const foot = encodeFoot({
      indexAt: this.#length,
      indexBytes: index.length,
      filterBytes: filter.length,
      checksum,
    });
    this.#put(tail);
    this.#put(foot);
    await this.flush();
    await this.#file?.sync();
    await this.close();
    await this.#files.rename(`${this.#name}${UNFINISHED}`, this.#name);
    return checksum;
  }

  /** Lets go of the file; what was not finished is removed at the next start. */
  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }

  async #buildFilter(rest: () => Promise<void> | null): Promise<Uint8Array> {
    const steps = this.#filter.build();
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
      await rest();
    }
  }

  /** Returns the last key of the block. */
  #endBlock(): string {
    const { bytes, at } = this.#block.last;
    const lastKey = keyOf(bytes, at + 2, at + 2 + (bytes[at]! << 8 | bytes[at + 1]!));
    const block = this.#block.take();
    this.#places.push({
      lastKey,
      offset: this.#length,
      length: block.length,
      checksum: crc32(block),
    });
    this.#put(block);
    this.#length += block.length;
    return lastKey;
  }

  #put(bytes: Uint8Array): void {
    const needed = this.#pendingBytes + bytes.length;
    if (needed > this.#pending.length) {
      const larger = new Uint8Array(needed);
      larger.set(this.#pending.subarray(0, this.#pendingBytes));
      this.#pending = larger;
    }
    this.#pending.set(bytes, this.#pendingBytes);
    this.#pendingBytes = needed;
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
