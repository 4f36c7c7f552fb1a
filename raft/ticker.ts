/**
 * The ticks of a core, counted in arrears: a timer wakes the process only when something may be due,
 * and the ticks that passed meanwhile are counted then, or before a message that sets a timer anew.
 * A cluster at rest sleeps between its heartbeats, and the simulator has nothing to do there.
 *
 * Invariants: the core sees every tick in order, and before each message those that passed before it;
 * the tick in which something is due is counted by the timer alone; time in which this process was
 * held up is not held against the others, whose messages may be waiting unread.
 *
 * @module
 */

import type { Clock, Timer } from "./core/mod.ts";

/** What a {@linkcode Ticker} is made of. */
export interface TickerOptions {
  readonly clock: Clock;
  readonly tickMs: number;
  /** How many ticks from now something is due. What is overdue comes with the next one. */
  readonly due: () => number;
  /** One tick has passed. */
  readonly tick: () => void;
}

/** Keeps a moment computed from ticks from lying before the last tick by a rounding error. */
const ROUNDING_TICKS = 1e-6;

/** Counts the time of one core. */
export class Ticker {
  readonly #options: TickerOptions;
  /** Up to this moment ticks are counted. */
  #countedTo: number;
  #timer: Timer | null = null;
  #firesAt = Infinity;
  #isLenient = false;
  #isStopped = false;

  constructor(options: TickerOptions) {
    this.#options = options;
    this.#countedTo = options.clock.now();
  }

  /** Counts what passed, but for a tick in which something is due. */
  catchUp(): void {
    const { clock, tickMs } = this.#options;
    const now = clock.now();
    const passed = this.#passed(now);
    if (passed > 0) this.#count(Math.min(passed, this.#due() - 1));
    if (this.#isLate(now)) this.#countedTo = Math.max(this.#countedTo, now - tickMs);
  }

  /** Sets the timer to when something is due; one that comes earlier is left as it is. */
  arm(): void {
    const { clock, tickMs } = this.#options;
    const at = this.#countedTo + this.#due() * tickMs;
    if (this.#isStopped || at >= this.#firesAt) return;
    this.#timer?.cancel();
    this.#firesAt = at;
    this.#timer = clock.after(Math.max(0, at - clock.now()), () => this.#fire());
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #fire(): void {
    const now = this.#options.clock.now();
    const isLate = this.#isLate(now);
    // After a stall, queued messages are handled first: due work is postponed by one tick, once.
    this.#isLenient = isLate && !this.#isLenient;
    this.#count(Math.min(this.#passed(now), this.#isLenient ? this.#due() - 1 : this.#due()));
    if (isLate) this.#countedTo = now;
    this.#firesAt = Infinity;
    this.arm();
  }

  /** The timer should have fired a tick ago. */
  #isLate(now: number): boolean {
    return now - this.#firesAt >= this.#options.tickMs;
  }

  #due(): number {
    return Math.max(1, this.#options.due());
  }

  #passed(now: number): number {
    return Math.floor((now - this.#countedTo) / this.#options.tickMs + ROUNDING_TICKS);
  }

  #count(ticks: number): void {
    this.#countedTo += ticks * this.#options.tickMs;
    for (let tick = 0; tick < ticks; tick++) this.#options.tick();
  }
}
