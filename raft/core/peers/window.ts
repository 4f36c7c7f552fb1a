/**
 * What is under way to one peer and not acknowledged: appends, or chunks of a snapshot, each known by
 * the index or offset at which it ends.
 *
 * @module
 */

/** Bounds for what is under way. */
export interface WindowLimits {
  readonly countMax: number;
  readonly bytesMax: number;
}

/** A queue of what is under way, the oldest first. */
export class Window {
  readonly #limits: WindowLimits;
  readonly #pending: { readonly end: number; readonly bytes: number }[] = [];
  #bytes = 0;
  /** Ticks in which something was under way and nothing of it was acknowledged. */
  #stalledTicks = 0;

  constructor(limits: WindowLimits) {
    this.#limits = limits;
  }

  /** Nothing is under way. */
  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  /** Nothing more may leave before an acknowledgement. */
  get isFull(): boolean {
    const { countMax, bytesMax } = this.#limits;
    return this.#pending.length >= countMax || this.#bytes >= bytesMax;
  }

  /** For how many ticks nothing of what is under way was acknowledged. */
  get stalledTicks(): number {
    return this.#stalledTicks;
  }

  push(end: number, bytes: number): void {
    if (this.isEmpty) this.#stalledTicks = 0;
    this.#pending.push({ end, bytes });
    this.#bytes += bytes;
  }

  /** Everything up to `end` has arrived. */
  acknowledge(end: number): void {
    let count = 0;
    for (; count < this.#pending.length && this.#pending[count]!.end <= end; count++) {
      this.#bytes -= this.#pending[count]!.bytes;
    }
    if (count === 0) return;
    this.#pending.splice(0, count);
    this.#stalledTicks = 0;
  }

  /** Something hints at a loss. */
  suspect(): void {
    this.#stalledTicks = Infinity;
  }

  tick(): void {
    if (!this.isEmpty) this.#stalledTicks++;
  }
}
