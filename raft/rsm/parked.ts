/**
 * Calls that came to a leader while it handed over. They wait until the next leader is known: without
 * its name each caller would ask all servers in turn, and pause.
 *
 * Invariant: each is answered once, after a bounded time.
 *
 * @module
 */

import type { Clock, NodeId, Timer } from "../core/mod.ts";
import type { Outcome } from "./rsm_options.ts";

/** Longer than a leader tries to hand over. */
const PARK_MS = 1_000;

/** The calls that wait. */
export class Parked {
  readonly #clock: Pick<Clock, "after">;
  #waiting: ((outcome: Outcome) => void)[] = [];
  /** Ends the wait. It is cancelled when the wait has ended: it must not cut a later one short. */
  #timer: Timer | null = null;

  constructor(clock: Pick<Clock, "after">) {
    this.#clock = clock;
  }

  /** How many there are. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Keeps a call. */
  add(done: (outcome: Outcome) => void): void {
    this.#waiting.push(done);
    this.#timer ??= this.#clock.after(PARK_MS, () => this.release(null));
  }

  /** Answers all of them with the leader. */
  release(leader: NodeId | null): void {
    this.#timer?.cancel();
    this.#timer = null;
    for (const done of this.#waiting.splice(0)) done({ kind: "notLeader", leader });
  }
}
