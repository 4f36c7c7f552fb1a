/**
 * What incomplete frames hold, on all connections of a server together. Near the limit only the
 * frame that was begun first is read on, so that it is completed and makes room; the other
 * connections are not read until then, and the system's own flow control holds their senders back.
 *
 * Invariants: all incomplete frames together hold at most twice the limit (a buffer that is full is
 * doubled), plus one frame, plus what one read brings on each connection; there is always a frame that is being read; a sender that does not
 * go on with a frame loses its connection as soon as others wait for the room.
 *
 * @module
 */

/** A connection that may hold a part of a frame. */
export interface FrameHolder {
  /** How much has arrived on it so far. */
  readonly bytesReceived: number;
  /** Ends it now. */
  abort(reason: { readonly kind: "silent"; readonly message: string }): void;
}

/** What a {@linkcode UnfinishedFrames} is made of. */
export interface UnfinishedFramesOptions {
  /** What all incomplete frames may hold together. */
  readonly bytesMax: number;
  /** How long a frame may bring too little while others wait for its room. @default {200} */
  readonly stallMs?: number;
}

interface Held {
  bytes: number;
  /** Arrived on its connection at the last look; `null`: there was none, or it was not read since. */
  seenBytes: number | null;
}

/** Less than this within the time of a stall is as good as nothing. */
const PROGRESS_BYTES_MIN = 4096;

/** Counts, and decides which connection may read on. */
export class UnfinishedFrames {
  readonly #bytesMax: number;
  readonly #stallMs: number;
  /** The frame that was begun first comes first. */
  readonly #held = new Map<FrameHolder, Held>();
  readonly #waiting = new Map<FrameHolder, () => void>();
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** Nothing is held so far. */
  constructor({ bytesMax, stallMs = 200 }: UnfinishedFramesOptions) {
    this.#bytesMax = bytesMax;
    this.#stallMs = stallMs;
  }

  /** What all incomplete frames hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A holder now holds so much; nothing: its frame is complete, or its connection has ended. */
  hold(holder: FrameHolder, bytes: number): void {
    const held = this.#held.get(holder);
    if (bytes === (held?.bytes ?? 0)) {
      if (bytes === 0) this.#wakeOne(holder);
      return;
    }
    this.#bytes += bytes - (held?.bytes ?? 0);
    if (held === undefined) this.#held.set(holder, { bytes, seenBytes: null });
    else if (bytes > 0) held.bytes = bytes;
    else {
      this.#held.delete(holder);
      this.#wakeOne(holder);
      this.#wake();
    }
  }

  /** `null`: the connection may read at once; else it may when the promise resolves. */
  room(holder: FrameHolder): Promise<void> | null {
    if (this.#mayRead(holder)) return null;
    if (this.#timer === null) this.#watch();
    return new Promise((resolve) => this.#waiting.set(holder, resolve));
  }

  /** A connection that holds nothing may read: most frames arrive whole. */
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

  /** Every connection that may read by now goes on. */
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
