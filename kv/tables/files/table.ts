/**
 * One table file, open for reading. Its index and filter are in memory, outside the collected heap;
 * blocks are read when they are asked for, and their checksum is verified before anything is
 * believed.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { type Files, type ReadFile, StorageError } from "../../../raft/mod.ts";
import { Block } from "./block.ts";
import type { BlockCache } from "./block_cache.ts";
import { mayHold } from "./bloom.ts";
import { compareKeyAt, type Entry, keyOf } from "./entry.ts";
import {
  type BlockPlace,
  decodeFoot,
  decodeSummary,
  FOOT_BYTES,
  HEAD,
  INDEX_RECORD_BYTES,
  type Summary,
} from "./table_format.ts";

/** Where the numbers of a block are behind its last key in the index. */
const OFFSET_AT = 0;
const LENGTH_AT = 4;
const CHECKSUM_AT = 8;

/** A table file that a manifest names. */
export class Table {
  /** The number in its name; a later table has a larger one. */
  readonly number: number;
  readonly name: string;
  /** The checksum of index, filter and summary; the index has those of the blocks. */
  readonly checksum: number;
  /** How long the file is. */
  readonly bytes: number;
  readonly summary: Summary;
  readonly #file: ReadFile;
  readonly #cache: BlockCache;
  readonly #index: Uint8Array;
  readonly #indexView: DataView;
  /** Where the record of each block begins in the index. */
  readonly #records: Uint32Array;
  readonly #filter: Uint8Array;
  #users = 1;
  #whenUnused: (() => void) | null = null;

  private constructor(
    { number, name, checksum, cache }: TableName & { readonly cache: BlockCache },
    { bytes, file, index, filter, summary }: Opened,
  ) {
    this.number = number;
    this.name = name;
    this.checksum = checksum;
    this.bytes = bytes;
    this.summary = summary;
    this.#cache = cache;
    this.#file = file;
    this.#index = index;
    this.#indexView = new DataView(index.buffer, index.byteOffset, index.byteLength);
    this.#filter = filter;
    this.#records = recordsOf(index);
  }

  /** Opens a table. Throws a {@linkcode StorageError} for a file that is damaged or not there. */
  static async open(files: Files, name: TableName, cache: BlockCache): Promise<Table> {
    return new Table({ ...name, cache }, await openTable(files, name));
  }

  /** The number of blocks in it. */
  get blocks(): number {
    return this.#records.length;
  }

  /** Whether a key lies between the smallest and the largest. */
  covers(key: string): boolean {
    return key >= this.summary.smallest && key <= this.summary.largest;
  }

  /** The newest version of the key that is no newer than the revision, a deletion included. */
  get(key: string, revision: number): Entry | null {
    if (!this.covers(key) || revision < this.summary.firstRevision) return null;
    if (!mayHold(this.#filter, key)) return null;
    for (let place = this.#find(key); place < this.blocks; place++) {
      const entry = this.#block(place, "keep").get(key, revision);
      if (entry !== null) return entry;
      // Versions of one key may go on in the next block.
      if (compareKeyAt(this.#index, this.#records[place]!, key) !== 0) return null;
    }
    return null;
  }

  /** All entries from a key on, in order. Blocks that are read for this do not crowd the cache. */
  *entries(from: string): Generator<Entry, void, void> {
    for (let place = this.#find(from); place < this.blocks; place++) {
      const block = this.#block(place, "pass");
      const last = block.count;
      for (let at = block.find(from); at < last; at++) yield block.entry(at);
    }
  }

  /** All entries of the keys before one (`null`: all keys), in reverse order. */
  *entriesBack(to: string | null): Generator<Entry, void, void> {
    let place = this.blocks - 1;
    if (to !== null) place = Math.min(place, this.#find(to));
    for (; place >= 0; place--) {
      const block = this.#block(place, "pass");
      const end = to === null ? block.count : block.find(to);
      for (let at = end - 1; at >= 0; at--) yield block.entry(at);
    }
  }

  /**
   * Reads blocks from a place on and verifies them: as many whole ones as the buffer has room for, or
   * one that is longer, into a buffer of its own.
   */
  readBlocks(
    place: number,
    buffer: Uint8Array<ArrayBuffer>,
  ): { readonly bytes: Uint8Array<ArrayBuffer>; readonly lengths: readonly number[] } {
    const lengths: number[] = [];
    let length = 0;
    while (place + lengths.length < this.blocks) {
      const next = this.#numberAt(place + lengths.length, LENGTH_AT);
      if (lengths.length > 0 && length + next > buffer.length) break;
      lengths.push(next);
      length += next;
    }
    const into = length > buffer.length ? new Uint8Array(length) : buffer;
    const bytes = this.#file.read({ offset: this.#numberAt(place, OFFSET_AT), length }, into);
    let at = 0;
    for (const [block, next] of lengths.entries()) {
      this.#verify(place + block, bytes.subarray(at, at + next));
      at += next;
    }
    return { bytes: into, lengths };
  }

  /** Reads every block and verifies it. */
  *verify(): Generator<void, void, void> {
    for (let place = 0; place < this.blocks; place++) {
      this.#read(place);
      yield;
    }
  }

  /** Keeps the file open for one more user. */
  acquire(): void {
    this.#users++;
  }

  /** One user less; the last one closes the file. */
  release(): void {
    if (--this.#users > 0) return;
    this.#file.close();
    this.#cache.forget(this.number, this.blocks);
    this.#whenUnused?.();
  }

  /** Says what happens when the last user is gone. */
  whenUnused(run: () => void): void {
    this.#whenUnused = run;
  }

  #find(key: string): number {
    let low = 0;
    let high = this.blocks;
    while (low < high) {
      const middle = low + high >>> 1;
      if (compareKeyAt(this.#index, this.#records[middle]!, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #block(place: number, use: "keep" | "pass"): Block {
    const known = this.#cache.get(this.number, place);
    if (known !== null) return known;
    const bytes = this.#read(place);
    const block = new Block(bytes);
    if (use === "keep") this.#cache.put(this.number, place, { block, bytes: bytes.length });
    return block;
  }

  #read(place: number): Uint8Array {
    const { offset, length } = this.#placeOf(place);
    const bytes = this.#file.read({ offset, length });
    this.#verify(place, bytes);
    return bytes;
  }

  #verify(place: number, bytes: Uint8Array): void {
    const length = this.#numberAt(place, LENGTH_AT);
    const checksum = this.#numberAt(place, CHECKSUM_AT);
    if (bytes.length === length && crc32(bytes) === checksum) return;
    const { lastKey, offset } = this.#placeOf(place);
    const first = place === 0 ? this.summary.smallest : this.#placeOf(place - 1).lastKey;
    const keys = `keys from ${JSON.stringify(first)} to ${JSON.stringify(lastKey)}`;
    const where = { file: this.name, offset };
    throw new StorageError(
      "damaged",
      `a block of a table does not match its checksum, ${keys}`,
      where,
    );
  }

  #placeOf(place: number): Omit<BlockPlace, "checksum"> {
    const bytes = this.#index;
    const at = this.#records[place]!;
    const end = at + 2 + (bytes[at]! << 8 | bytes[at + 1]!);
    return {
      lastKey: keyOf(bytes, at + 2, end),
      offset: this.#numberAt(place, OFFSET_AT),
      length: this.#numberAt(place, LENGTH_AT),
    };
  }

  /** One of the numbers that the index has of a block. */
  #numberAt(place: number, which: number): number {
    const bytes = this.#index;
    const at = this.#records[place]!;
    return this.#indexView.getUint32(at + 2 + (bytes[at]! << 8 | bytes[at + 1]!) + which);
  }
}

/** How a table is called, and what it holds. */
export interface TableName {
  readonly number: number;
  readonly name: string;
  /** As {@linkcode Table.checksum}: a file of this name with other content is another table. */
  readonly checksum: number;
}

interface Opened {
  readonly bytes: number;
  readonly file: ReadFile;
  readonly index: Uint8Array;
  readonly filter: Uint8Array;
  readonly summary: Summary;
}

async function openTable(files: Files, { name, checksum }: TableName): Promise<Opened> {
  const damaged = (problem: string, offset: number): StorageError =>
    new StorageError("damaged", problem, { file: name, offset });
  const bytes = await files.size(name);
  const file = await files.open(name);
  const head = file.read({ offset: 0, length: HEAD.length });
  const footAt = Math.max(0, bytes - FOOT_BYTES);
  const foot = decodeFoot(file.read({ offset: footAt, length: FOOT_BYTES }));
  if (foot === null || head.some((byte, place) => byte !== HEAD[place])) {
    file.close();
    throw damaged("wanted a table of format 2, got a file without its head or foot", footAt);
  }
  const { indexAt, indexBytes, filterBytes } = foot;
  const tail = file.read({ offset: indexAt, length: Math.max(0, footAt - indexAt) });
  if (indexAt + tail.length !== footAt || crc32(tail) !== foot.checksum) {
    file.close();
    throw damaged("the index of a table does not match its checksum", indexAt);
  }
  if (foot.checksum !== checksum) {
    file.close();
    throw damaged("the file is sound, but not the table that the manifest names", footAt);
  }
  return {
    bytes,
    file,
    index: tail.subarray(0, indexBytes),
    filter: tail.subarray(indexBytes, indexBytes + filterBytes),
    summary: decodeSummary(tail.subarray(indexBytes + filterBytes)),
  };
}

function recordsOf(index: Uint8Array): Uint32Array {
  const places: number[] = [];
  for (
    let at = 0;
    at < index.length;
    at += INDEX_RECORD_BYTES + (index[at]! << 8 | index[at + 1]!)
  ) {
    places.push(at);
  }
  return Uint32Array.from(places);
}
