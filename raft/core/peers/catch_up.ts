/**
 * Whether a peer keeps up with its leader, so that a majority with it can go on (thesis §4.2.1). The
 * entries are sent in rounds: each has all that the log held when it began. A peer has caught up when
 * its last round took less than an election timeout, and the one under way does too.
 *
 * @module
 */

import type { Index } from "../model/mod.ts";

/** The rounds of one peer. */
export class CatchUp {
  readonly #ticksMax: number;
  /** The end of the round under way. */
  #target: Index;
  #ticks = 0;
  #isDone = false;

  /** The first round has the whole log, up to `last`. */
  constructor(last: Index, ticksMax: number) {
    this.#target = last;
    this.#ticksMax = ticksMax;
  }

  /** Whether the peer has caught up. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Time passes: the peer holds everything up to `match`, and the log ends at `last`. */
  tick(match: Index, last: Index): void {
    this.#ticks++;
    const isLate = this.#ticks > this.#ticksMax;
    if (match < this.#target) this.#isDone &&= !isLate;
    else {
      this.#isDone = !isLate;
      this.#target = last;
      this.#ticks = 0;
    }
  }
}
