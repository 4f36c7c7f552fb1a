/**
 * A snapshot that arrives in chunks (§7). Chunks are taken in order only; a doubled, early or
 * overlong one is ignored, and `received` tells the sender where to go on.
 *
 * @module
 */

import { isSame, type Moment, type NodeId, type Snapshot } from "../model/mod.ts";

/** The part of a snapshot that has arrived. */
export class Transfer {
  readonly last: Moment;
  readonly #from: NodeId;
  readonly #chunks: Uint8Array[] = [];
  #received = 0;

  constructor(from: NodeId, last: Moment) {
    this.#from = from;
    this.last = last;
  }

  /** The offset of the next chunk wanted. */
  get received(): number {
    return this.#received;
  }

  /** Whether this transfer is the one of a server's snapshot at a position. */
  isOf(from: NodeId, last: Moment): boolean {
    return this.#from === from && isSame(this.last, last);
  }

  /** Takes a chunk if it is the next one. */
  add(offset: number, data: Uint8Array, total: number): void {
    if (offset !== this.#received || offset + data.length > total) return;
    if (data.length > 0) this.#chunks.push(data);
    this.#received += data.length;
  }

  /** The whole image, once everything has been received. */
  snapshot(): Snapshot {
    const data = new Uint8Array(this.#received);
    let offset = 0;
    for (const chunk of this.#chunks) {
      data.set(chunk, offset);
      offset += chunk.length;
    }
    return { last: this.last, data };
  }
}
