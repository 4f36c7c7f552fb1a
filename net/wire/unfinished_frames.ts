/**
 * Bounds the memory of incomplete frames on all connections of a server together. Near the limit
 * only the connection whose frame began first is read, so that its frame is completed and makes
 * room; the others are not read until then, and the system's flow control slows down their senders.
 *
 * Invariants: all incomplete frames together hold at most twice the limit (a buffer that is full is
 * doubled), plus one frame, plus what one read brings on each connection; one frame is always being
 * read; a sender that does not go on with its frame loses its connection as soon as others wait for
 * the room.
 *
 * @module
 */

import { invariant } from "../../raft/mod.ts";

/** A connection that may hold a part of a frame. */
export interface FrameHolder {
  /** Bytes that have arrived on it so far. */
  readonly bytesReceived: number;
  /** Closes it now. */
  abort(reason: { readonly kind: "silent"; readonly message: string }): void;
}

/** Options of {@linkcode UnfinishedFrames}. */
export interface UnfinishedFramesOptions {
  /** Bytes that all incomplete frames may hold together. */
  readonly bytesMax: number;
  /** The time in which a frame must make progress while others wait for room. @default {200} */
  readonly stallMs?: number;
}

interface Held {
  bytes: number;
  /**
   * Bytes that had arrived on its connection at the last check; `null`: none yet, or it was not
   * read since.
   */
  seenBytes: number | null;
}

/** Progress below this within that time counts as none. */
const PROGRESS_BYTES_MIN = 4096;

/** Counts the memory, and decides which connection may be read. */
export class UnfinishedFrames {
  readonly #bytesMax: number;
  readonly #stallMs: number;
  /** Holders in the order in which their frames began. */
  readonly #held = new Map<FrameHolder, Held>();
  readonly #waiting = new Map<FrameHolder, () => void>();
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** Starts with no holders. */
  constructor({ bytesMax, stallMs = 200 }: UnfinishedFramesOptions) {
    this.#bytesMax = bytesMax;
    this.#stallMs = stallMs;
  }

  /** Bytes that all incomplete frames hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Sets the bytes that a holder holds; 0: its frame is complete, or its connection has ended. */
  hold(holder: FrameHolder, bytes: number): void {
    const held = this.#held.get(holder);
    if (bytes === (held?.bytes ?? 0)) {
      if (bytes === 0) this.#wakeOne(holder);
      return;
    }
    this.#bytes += bytes - (held?.bytes ?? 0);
    invariant(bytes >= 0 && this.#bytes >= bytes, `${this.#bytes} bytes in all include ${bytes}`);
    if (held === undefined) this.#held.set(holder, { bytes, seenBytes: null });
    else if (bytes > 0) held.bytes = bytes;
    else {
      this.#held.delete(holder);
      this.#wakeOne(holder);
      this.#wake();
    }
  }

  /** `null` if the connection may be read at once, else a promise that resolves when it may. */
  room(holder: FrameHolder): Promise<void> | null {
    if (this.#mayRead(holder)) return null;
    if (this.#timer === null) this.#watch();
    return new Promise((resolve) => this.#waiting.set(holder, resolve));
  }

  /**
   * Whether a connection may be read. One without an incomplete frame always may: most frames
   * arrive whole.
   */
  #mayRead(holder: FrameHolder): boolean {
    if (this.#bytes < this.#bytesMax || !this.#held.has(holder)) return true;
    const [first] = this.#held.keys();
    return holder === first;
  }

  #wakeOne(holder: FrameHolder): void {
    const resolve = this.#waiting.get(holder);
    if (resolve === undefined) return;
    this.#waiting.delete(holder);
    if (this.#waiting.size === 0 && this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    resolve();
  }

  /** Resolves the promises of all connections that may be read now. */
  #wake(): void {
    for (const holder of this.#waiting.keys()) {
      if (this.#mayRead(holder)) this.#wakeOne(holder);
    }
  }

  #watch(): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#endStalled();
      if (this.#waiting.size > 0) this.#watch();
    }, this.#stallMs);
  }

  #endStalled(): void {
    const message = `a frame did not go on within ${this.#stallMs} ms while others waited`;
    for (const [holder, held] of this.#held) {
      const before = held.seenBytes;
      const isHeldUp = this.#waiting.has(holder);
      held.seenBytes = isHeldUp ? null : holder.bytesReceived;
      if (isHeldUp || before === null) continue;
      if (holder.bytesReceived - before < PROGRESS_BYTES_MIN) {
        holder.abort({ kind: "silent", message });
      }
    }
  }
}
