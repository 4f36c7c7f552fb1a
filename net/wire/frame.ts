/**
 * Frames on a stream of bytes: an unsigned 32-bit length, big endian, then that many bytes. It does
 * not look into them.
 *
 * Invariants: a length beyond the limit is refused before memory is allocated for it; memory grows
 * with the bytes that have arrived, never with the announced length; a delivered frame belongs to
 * the receiver and shares no memory with the bytes given to {@linkcode FrameDecoder.push}.
 *
 * @module
 */

import type { Slab } from "../../raft/mod.ts";
import type { WireValue } from "./codec.ts";
import type { Encoder } from "./encoder.ts";

/** The limit of one frame's length, unless an option says otherwise. */
export const FRAME_BYTES_MAX = 16 * 1024 * 1024;

/** Bytes of the length. */
const HEAD_BYTES = 4;

const PARTIAL_BYTES_MIN = 1024;
const EMPTY = new Uint8Array(0);

/**
 * Appends a value as one frame. A refused value leaves no byte behind.
 *
 * @throws {TypeError} If something in it has no form on the wire.
 * @throws {RangeError} If the frame would be longer than `frameBytesMax`, or the value too deep.
 */
export function appendFrame(
  encoder: Encoder,
  value: WireValue,
  { frameBytesMax = FRAME_BYTES_MAX }: { readonly frameBytesMax?: number } = {},
): void {
  const before = encoder.length;
  try {
    encoder.appendUint32(0);
    encoder.append(value);
    const length = encoder.length - before - HEAD_BYTES;
    if (length > frameBytesMax) {
      throw new RangeError(
        `Cannot send frame: wanted at most ${frameBytesMax} bytes, got ${length}`,
      );
    }
    encoder.setUint32(before, length);
  } catch (error) {
    encoder.truncate(before);
    throw error;
  }
}

/** Divides a stream that arrives in any portions into frames. */
export class FrameDecoder {
  /** The limit for frames that begin later. */
  frameBytesMax: number;
  /** The number of bytes of the head that have arrived, and their value. */
  #headBytes = 0;
  #length = 0;
  /** The bytes of an incomplete frame, in a buffer that grows. */
  #partial: Uint8Array<ArrayBuffer> = EMPTY;
  #partialBytes = 0;
  readonly #slab: Slab | null;

  /** Makes a decoder for the beginning of a stream. Frames share buffers if there is a slab for them. */
  constructor(
    { frameBytesMax = FRAME_BYTES_MAX, slab = null }: {
      readonly frameBytesMax?: number;
      readonly slab?: Slab | null;
    } = {},
  ) {
    this.frameBytesMax = frameBytesMax;
    this.#slab = slab;
  }

  /** Whether a frame is incomplete, so that the stream must not end here. */
  get isInsideFrame(): boolean {
    return this.#headBytes > 0;
  }

  /** The memory that the incomplete frame holds. */
  get bytesHeld(): number {
    return this.#partial.length;
  }

  /**
   * Takes the next bytes of the stream and delivers the frames they complete.
   *
   * @throws {RangeError} If a frame announces more bytes than allowed; the stream is lost then.
   */
  push(bytes: Uint8Array, deliver: (frame: Uint8Array) => void): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#headBytes < HEAD_BYTES) {
        this.#length = this.#length * 256 + bytes[at]!;
        this.#headBytes += 1;
        at += 1;
        if (this.#headBytes === HEAD_BYTES) this.#checkLength();
        if (this.#headBytes < HEAD_BYTES || this.#length > 0) continue;
      }
      const missing = this.#length - this.#partialBytes;
      const end = Math.min(at + missing, bytes.length);
      if (end - at === missing) deliver(this.#complete(bytes.subarray(at, end)));
      else this.#keep(bytes.subarray(at, end));
      at = end;
    }
  }

  #checkLength(): void {
    if (this.#length > this.frameBytesMax) {
      throw new RangeError(
        `Cannot read frame: wanted at most ${this.frameBytesMax} bytes, got ${this.#length}`,
      );
    }
  }

  /** Completes a frame from the kept and the last bytes. */
  #complete(last: Uint8Array): Uint8Array {
    let frame: Uint8Array;
    if (this.#partialBytes === 0) frame = this.#slab?.copy(last) ?? last.slice();
    else {
      this.#keep(last);
      frame = this.#partial.subarray(0, this.#length);
    }
    this.#partial = EMPTY;
    this.#partialBytes = 0;
    this.#headBytes = 0;
    this.#length = 0;
    return frame;
  }

  /** Frees the memory of an incomplete frame; the stream cannot be continued. */
  drop(): void {
    this.#partial = EMPTY;
    this.#partialBytes = 0;
  }

  #keep(bytes: Uint8Array): void {
    const wanted = this.#partialBytes + bytes.length;
    if (wanted > this.#partial.length) {
      const doubled = Math.max(wanted, this.#partial.length * 2, PARTIAL_BYTES_MIN);
      const larger = new Uint8Array(Math.min(doubled, this.#length));
      larger.set(this.#partial.subarray(0, this.#partialBytes));
      this.#partial = larger;
    }
    this.#partial.set(bytes, this.#partialBytes);
    this.#partialBytes = wanted;
  }
}
