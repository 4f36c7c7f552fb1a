/**
 * The time, read once for all that is handled without a break: a look at the clock costs as much as
 * the rest of a small request.
 *
 * @module
 */

import type { Clock } from "../core/mod.ts";

/** A clock that stands still while the input at hand is handled. */
export class TurnTime {
  readonly #clock: Pick<Clock, "now" | "soon">;
  #now: number | null = null;

  /** Reads a clock. */
  constructor(clock: Pick<Clock, "now" | "soon">) {
    this.#clock = clock;
  }

  /** Milliseconds, as the clock counts them. */
  now(): number {
    if (this.#now !== null) return this.#now;
    const now = this.#now = this.#clock.now();
    this.#clock.soon(() => this.#now = null);
    return now;
  }
}
