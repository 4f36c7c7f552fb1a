/**
 * Time in the log. A leader gives every entry two times, from its own clocks and the entry before.
 *
 * Invariants: neither time goes back along the log (K1); `steady` grows only while a server leads, by
 * that server's monotonic clock (K2); `wall` follows the leader's wall clock unless that goes back (K3).
 *
 * @module
 */

import type { Clock } from "./ports.ts";
import type { Times } from "./types.ts";

/** Before the first entry. */
export const FIRST_TIMES: Times = { steady: 0, wall: 0 };

/** Whether one of the times would go back if `next` came after `times`. */
export function goesBack(times: Times, next: Times): boolean {
  return next.steady < times.steady || next.wall < times.wall;
}

/** What a leader needs of its clocks. */
export type Clocks = Pick<Clock, "now" | "wall">;

/** The times of one leader's entries, from its election on. */
export class LeaderTime {
  readonly #clocks: Clocks;
  /** The monotonic time at which `steady` would have been 0. */
  readonly #origin: number;
  #times: Times;
  #isRead = false;

  /** Continues where the last entry of the log ends. */
  constructor(last: Times, clocks: Clocks) {
    this.#clocks = clocks;
    this.#origin = clocks.now() - last.steady;
    this.#times = last;
  }

  /**
   * The times of an entry that is appended now: the same object while they do not change. The clocks
   * are read once a turn.
   */
  read(): Times {
    const before = this.#times;
    if (this.#isRead) return before;
    this.#isRead = true;
    const steady = Math.max(before.steady, Math.floor(this.#clocks.now() - this.#origin));
    const wall = Math.max(before.wall, Math.floor(this.#clocks.wall()));
    if (steady !== before.steady || wall !== before.wall) this.#times = { steady, wall };
    return this.#times;
  }

  /** A turn has ended. */
  turned(): void {
    this.#isRead = false;
  }
}
