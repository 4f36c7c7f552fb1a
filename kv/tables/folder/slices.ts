/**
 * Long work in slices: after two milliseconds others get the thread.
 *
 * @module
 */

import type { Clock } from "../../../raft/mod.ts";

const SLICE_MS = 2;

/** Says when a slice of work is over, and waits until it may go on. */
export class Slices {
  readonly #clock: Clock;
  readonly #restMs: () => number;
  #end: number;

  /** Between two slices there is a rest, if only for as long as others want the thread. */
  constructor(clock: Clock, restMs = () => 0) {
    this.#clock = clock;
    this.#restMs = restMs;
    this.#end = clock.now() + SLICE_MS;
  }

  /** Whether others should have the thread now. */
  get isOver(): boolean {
    return this.#clock.now() >= this.#end;
  }

  /** Lets others have the thread; a new slice begins when this resolves. */
  async pause(): Promise<void> {
    await new Promise<void>((resolve) => void this.#clock.after(this.#restMs(), resolve));
    this.#end = this.#clock.now() + SLICE_MS;
  }
}
