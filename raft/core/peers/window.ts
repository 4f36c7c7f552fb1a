/**
 * The messages under way to one peer that are not acknowledged: appends, or chunks of a snapshot,
 * each identified by the index or offset at which it ends.
 *
 * @module
 */

/** Limits of a window. */
export interface WindowLimits {
  readonly countMax: number;
  readonly bytesMax: number;
}

/** A queue of messages under way, the oldest first. */
export class Window {
  readonly #limits: WindowLimits;
  readonly #pending: { readonly end: number; readonly bytes: number }[] = [];
  #bytes = 0;
  /** Ticks in which messages were under way and none was acknowledged. */
  #stalledTicks = 0;

  constructor(limits: WindowLimits) {
    this.#limits = limits;
  }

  /** Whether no message is under way. */
  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  /** Whether nothing more may be sent before an acknowledgement. */
  get isFull(): boolean {
    const { countMax, bytesMax } = this.#limits;
    return this.#pending.length >= countMax || this.#bytes >= bytesMax;
  }

  /** Number of ticks without an acknowledgement of a message under way. */
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

  /** A message seems to be lost. */
  suspect(): void {
    this.#stalledTicks = Infinity;
  }

  tick(): void {
    if (!this.isEmpty) this.#stalledTicks++;
  }
}
