/**
 * Room for many small pieces of bytes in few large buffers: a buffer of its own costs each piece up to
 * a microsecond, most of which is the allocator's and the collector's.
 *
 * A buffer stays in memory as long as any of its pieces, so one slab should hold pieces of one kind,
 * which are let go of at about the same time.
 *
 * @module
 */

const SLAB_BYTES = 64 * 1024;

/** A longer piece gets a buffer of its own. */
const PIECE_BYTES_MAX = 2048;

/** Hands out pieces of buffers. */
export class Slab {
  #bytes = new Uint8Array(0);
  #used = 0;

  /** A piece of zeros. */
  take(length: number): Uint8Array<ArrayBuffer> {
    if (length > PIECE_BYTES_MAX) return new Uint8Array(length);
    if (this.#used + length > this.#bytes.length) {
      this.#bytes = new Uint8Array(SLAB_BYTES);
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += length;
    return this.#bytes.subarray(at, at + length);
  }

  /** A copy. */
  copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const piece = this.take(bytes.length);
    piece.set(bytes);
    return piece;
  }
}
