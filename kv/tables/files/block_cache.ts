/**
 * Blocks that were read lately, up to a number of bytes. Their bytes lie outside the collected heap.
 *
 * @module
 */

import type { Block } from "./block.ts";

/** More blocks than any table has. */
const BLOCKS_PER_TABLE = 2 ** 22;

/** What is kept of one block. */
export interface CachedBlock {
  readonly block: Block;
  readonly bytes: number;
}

/** Forgets the block that was not used for the longest time first. */
export class BlockCache {
  readonly #bytesMax: number;
  /** In the order of last use. */
  readonly #blocks = new Map<number, CachedBlock>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The number of bytes that the blocks take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A block, if it is here. */
  get(table: number, place: number): Block | null {
    const key = table * BLOCKS_PER_TABLE + place;
    const found = this.#blocks.get(key);
    if (found === undefined) return null;
    this.#blocks.delete(key);
    this.#blocks.set(key, found);
    return found.block;
  }

  /** Keeps a block, and forgets others for it. One larger than an eighth of the room is not kept. */
  put(table: number, place: number, cached: CachedBlock): void {
    if (cached.bytes > this.#bytesMax / 8) return;
    this.#blocks.set(table * BLOCKS_PER_TABLE + place, cached);
    this.#bytes += cached.bytes;
    for (const [key, { bytes }] of this.#blocks) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#blocks.delete(key);
      this.#bytes -= bytes;
    }
  }

  /** Forgets all blocks of a table. */
  forget(table: number, blocks: number): void {
    for (let place = 0; place < blocks; place++) {
      const key = table * BLOCKS_PER_TABLE + place;
      this.#bytes -= this.#blocks.get(key)?.bytes ?? 0;
      this.#blocks.delete(key);
    }
  }
}
