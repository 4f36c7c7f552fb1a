/**
 * A pass over all entries of tables that do not overlap, for merges: it makes no object for an entry
 * and none for a block, so a merge of many gigabytes leaves nothing to be collected.
 *
 * @module
 */

import { placesIn } from "./block.ts";
import { RawEntry } from "./entry.ts";
import type { Table } from "./table.ts";

/** The number of bytes that are read at a time, but for a block that is longer. */
const READ_BYTES = 64 * 1024;

/** Stands at one entry after the other. The bytes of an entry are gone when it moves on. */
export class Pass extends RawEntry {
  readonly #tables: readonly Table[];
  #table = 0;
  /** The next block of that table to be read. */
  #next = 0;
  #buffer = new Uint8Array(READ_BYTES);
  /** Blocks that were read and lie one behind the other: where the next one begins, and their lengths. */
  #blockAt = 0;
  #lengths: readonly number[] = [];
  #block = 0;
  /** The block that it stands in: its places, how many there are, and which is the next. */
  #view = new DataView(this.#buffer.buffer);
  #placesAt = 0;
  #count = 0;
  #place = 0;
  #begin = 0;

  /** Stands before the first entry of the first table. */
  constructor(tables: readonly Table[]) {
    super();
    this.#tables = tables;
  }

  /** Moves to the next entry; false: there is none. */
  next(): boolean {
    while (this.#place >= this.#count) if (!this.#nextBlock()) return false;
    const at = this.#view.getUint32(this.#placesAt + 4 * this.#place++);
    const end = this.#place < this.#count
      ? this.#begin + this.#view.getUint32(this.#placesAt + 4 * this.#place)
      : this.#placesAt;
    this.stand(this.#buffer, this.#begin + at, end);
    return true;
  }

  #nextBlock(): boolean {
    if (this.#block >= this.#lengths.length && !this.#read()) return false;
    const length = this.#lengths[this.#block++]!;
    this.#begin = this.#blockAt;
    this.#blockAt += length;
    const { placesAt, count } = placesIn(this.#view, this.#begin, length);
    this.#placesAt = placesAt;
    this.#count = count;
    this.#place = 0;
    return true;
  }

  #read(): boolean {
    while (this.#table < this.#tables.length) {
      const table = this.#tables[this.#table]!;
      if (this.#next < table.blocks) {
        const { bytes, lengths } = table.readBlocks(this.#next, this.#buffer);
        if (bytes.buffer !== this.#buffer.buffer) {
          this.#buffer = bytes;
          this.#view = new DataView(bytes.buffer);
        }
        this.#next += lengths.length;
        this.#lengths = lengths;
        this.#block = 0;
        this.#blockAt = 0;
        return true;
      }
      this.#table++;
      this.#next = 0;
    }
    return false;
  }
}
