/**
 * Blocks: what a table is written and read in. A block is sorted entries, the places where they
 * begin, and how many there are. Its checksum is in the index of its table: so a sound block in the
 * wrong place is found, too. Entries are in the order of their keys, versions of one key from new to
 * old.
 *
 * @module
 */

import {
  compareKeyAt,
  type Entry,
  entryBytesMax,
  EntryReader,
  type RawEntry,
  writeEntry,
} from "./entry.ts";

/** A block is closed when it has grown to this. One entry is never divided. */
export const BLOCK_BYTES = 4096;

/** Behind the entries: their places, then the count. */
const TRAILER_BYTES = 4;

/** Entries up to this length are copied byte by byte. */
const LOOP_BYTES_MAX = 64;

/** Collects entries that are added in order. */
export class BlockBuilder {
  #bytes = new Uint8Array(2 * BLOCK_BYTES);
  #places: number[] = [];
  #end = 0;

  /** Whether nothing was added since the last {@linkcode take}. */
  get isEmpty(): boolean {
    return this.#places.length === 0;
  }

  /** What a block of the entries so far takes. */
  get size(): number {
    return this.#end + 4 * this.#places.length + TRAILER_BYTES;
  }

  /** Adds an entry behind all others. */
  add(entry: Entry): void {
    this.#reserve(entryBytesMax(entry));
    this.#places.push(this.#end);
    this.#end = writeEntry(this.#bytes, this.#end, entry);
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * needed);
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
  }

  /** Adds an entry that lies in another block, as {@linkcode add} does. */
  addRaw({ bytes, at, end }: RawEntry): void {
    this.#reserve(end - at);
    this.#places.push(this.#end);
    const to = this.#bytes;
    let place = this.#end;
    // A call into the runtime costs more than a loop over a short entry.
    if (end - at > LOOP_BYTES_MAX) to.set(bytes.subarray(at, end), place);
    else for (let from = at; from < end; from++) to[place++] = bytes[from]!;
    this.#end += end - at;
  }

  /** The bytes of the entry that was added last begin with its key. */
  get last(): { readonly bytes: Uint8Array; readonly at: number } {
    return { bytes: this.#bytes, at: this.#places.at(-1)! };
  }

  /** The block of all that was added; the bytes may be used until the next one is begun. */
  take(): Uint8Array {
    this.#reserve(this.size - this.#end);
    const block = this.#bytes.subarray(0, this.size);
    const view = viewOf(block);
    let at = this.#end;
    for (const place of this.#places) {
      view.setUint32(at, place);
      at += 4;
    }
    view.setUint32(at, this.#places.length);
    this.#places.length = 0;
    this.#end = 0;
    // One large value must not keep its room for ever.
    if (this.#bytes.length > 16 * BLOCK_BYTES) this.#bytes = new Uint8Array(2 * BLOCK_BYTES);
    return block;
  }
}

/** A block whose checksum is that in the index of its table. */
export class Block {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #reader: EntryReader;
  readonly #placesAt: number;
  /** The number of entries in it. */
  readonly count: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#reader = new EntryReader(bytes);
    this.count = this.#view.getUint32(bytes.length - TRAILER_BYTES);
    this.#placesAt = bytes.length - TRAILER_BYTES - 4 * this.count;
  }

  /** The entry at a place in the order. */
  entry(place: number): Entry {
    return this.#reader.readAt(this.#placeOf(place));
  }

  /** The first entry that is not before the key, or the count: all are before it. */
  find(key: string): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = low + high >>> 1;
      if (compareKeyAt(this.#bytes, this.#placeOf(middle), key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The newest version of the key that is no newer than the revision, if this block has it. */
  get(key: string, revision: number): Entry | null {
    for (let place = this.find(key); place < this.count; place++) {
      const at = this.#placeOf(place);
      if (compareKeyAt(this.#bytes, at, key) !== 0) return null;
      if (this.#reader.revisionAt(at) <= revision) return this.#reader.readAt(at);
    }
    return null;
  }

  #placeOf(place: number): number {
    return this.#view.getUint32(this.#placesAt + 4 * place);
  }
}

/** Where the places of the entries begin, and how many there are, in a block that lies among others. */
export function placesIn(
  view: DataView,
  begin: number,
  length: number,
): { readonly placesAt: number; readonly count: number } {
  const end = begin + length - TRAILER_BYTES;
  const count = view.getUint32(end);
  return { placesAt: end - 4 * count, count };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
