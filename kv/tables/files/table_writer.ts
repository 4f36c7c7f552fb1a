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
import type { Entry } from "./entry.ts";
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
  #pending: Uint8Array[] = [HEAD];
  #pendingBytes = HEAD.length;
  /** Bytes of finished blocks, the head included. */
  #length = HEAD.length;
  #first: Entry | null = null;
  #last: Entry | null = null;
  #firstRevision = Infinity;
  #lastRevision = 0;
  #entries = 0;
  #deletions = 0;

  constructor(files: Files, name: string) {
    this.#files = files;
    this.#name = name;
  }

  /** About how long the file would be if it ended here. */
  get bytes(): number {
    return this.#length + this.#block.size;
  }

  /** The number of entries that were added. */
  get entries(): number {
    return this.#entries;
  }

  /** The key that was added last, or `null`. */
  get lastKey(): string | null {
    return this.#last?.key ?? null;
  }

  /** Whether {@linkcode flush} has something to write. */
  get mustFlush(): boolean {
    return this.#pendingBytes >= WRITE_BYTES;
  }

  /** Adds an entry behind all others: keys upward, versions of one key from new to old. */
  add(entry: Entry): void {
    const last = this.#last;
    invariant(
      last === null || last.key < entry.key ||
        last.key === entry.key && last.revision > entry.revision,
      "entries of a table are added in order",
    );
    if (!this.#block.isEmpty && this.#block.size >= BLOCK_BYTES) this.#endBlock();
    this.#block.add(entry);
    this.#filter.add(entry.key);
    this.#first ??= entry;
    this.#last = entry;
    this.#firstRevision = Math.min(this.#firstRevision, entry.revision);
    this.#lastRevision = Math.max(this.#lastRevision, entry.revision);
    this.#entries++;
    if (entry.value === null) this.#deletions++;
  }

  /** Hands finished blocks to the disk. */
  async flush(): Promise<void> {
    const file = this.#file ??= await this.#files.create(`${this.#name}${UNFINISHED}`);
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    await file.append(concatenate(pending));
  }

  /**
   * Makes the file durable under its name, and returns what identifies its content. The folder is not
   * synced yet.
   *
   * @param rest Called between steps; what it returns is waited for.
   */
  async finish(rest: () => Promise<void> | null = () => null): Promise<number> {
    invariant(this.#first !== null && this.#last !== null, "a table has at least one entry");
    this.#endBlock();
    const index = encodeIndex(this.#places);
    const filter = await this.#buildFilter(rest);
    const summary = encodeSummary({
      smallest: this.#first.key,
      largest: this.#last.key,
      firstRevision: this.#firstRevision,
      lastRevision: this.#lastRevision,
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
    this.#pending.push(tail, foot);
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

  #endBlock(): void {
    const block = this.#block.take();
    this.#places.push({
      lastKey: this.#last!.key,
      offset: this.#length,
      length: block.length,
      checksum: crc32(block),
    });
    this.#pending.push(block);
    this.#pendingBytes += block.length;
    this.#length += block.length;
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
