/**
 * Measurements of a node: pauses of its event loop, its saves, its processor time.
 *
 * @module
 */

import { cpuUsage } from "node:process";
import { TimeBuckets } from "../../net/http/mod.ts";
import type { Answer, Plain, WireValue } from "../../net/mod.ts";
import type { NodeId, Status } from "../../raft/mod.ts";
import { LEADERS_REQUEST, type LeaderSeen } from "../metrics/mod.ts";
import type { SaveFigures } from "../table/mod.ts";

/** A timer at this interval costs half a millisecond of processor time per second. */
const LAG_EVERY_MS = 200;
/** The least time for which a pause is remembered. */
const LAG_KEPT_MS = 60_000;
/** Number of latest saves of which percentiles are taken. */
const SAVES_KEPT = 1000;
/** A save that takes longer is slow: two of them are half of the shortest election timeout. */
const SLOW_SAVE_MS = 60;

/** Measures pauses of the event loop by the lateness of a timer. */
export class LoopLag {
  readonly #now: () => number;
  #dueAt: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The longest pause of the current and of the previous minute. */
  #longest = 0;
  #previous = 0;
  #minuteEndsAt: number;

  /** Measures from the call of {@linkcode start} on. */
  constructor(now: () => number) {
    this.#now = now;
    this.#dueAt = now();
    this.#minuteEndsAt = now() + LAG_KEPT_MS;
  }

  /** The longest pause of the last one to two minutes. */
  get longestMs(): number {
    return Math.max(this.#longest, this.#previous);
  }

  /** Measures until {@linkcode stop}. */
  start(): void {
    this.#dueAt = this.#now() + LAG_EVERY_MS;
    this.#timer = setTimeout(() => {
      this.look();
      this.start();
    }, LAG_EVERY_MS);
  }

  /** Compares the time with the due time of the timer. */
  look(): void {
    const now = this.#now();
    if (now > this.#minuteEndsAt) {
      this.#previous = this.#longest;
      this.#longest = 0;
      this.#minuteEndsAt = now + LAG_KEPT_MS;
    }
    this.#longest = Math.max(this.#longest, now - this.#dueAt);
  }

  /** Ends the timer. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** The durations of the latest saves. */
export class SaveTimes {
  readonly #now: () => number;
  /** The latest, in no order. */
  readonly #times: number[] = [];
  /** All since the start. */
  readonly buckets = new TimeBuckets();
  #count = 0;
  #slow: { readonly ms: number; readonly at: number } | null = null;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Adds the duration of a save. */
  add(ms: number): void {
    this.#times[this.#count % SAVES_KEPT] = ms;
    this.#count += 1;
    this.buckets.add(ms);
    if (ms > SLOW_SAVE_MS) this.#slow = { ms, at: this.#now() };
  }

  /** What `status` shows. */
  figures(): SaveFigures {
    const sorted = [...this.#times].sort((left, right) => left - right);
    const p99Ms = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
    const slow = this.#slow;
    const lastSlow = slow === null ? null : { ms: slow.ms, agoMs: this.#now() - slow.at };
    return { count: this.#count, p99Ms, lastSlow };
  }
}

/** The changes of leader that a node remembers. */
const LEADERS_KEPT = 64;

/** Counts how often a node has come to know another leader, and remembers the latest ones. */
export class LeaderChanges {
  readonly #wall: () => number;
  readonly #history: LeaderSeen[] = [];
  #last: NodeId | null = null;
  #count = 0;

  constructor(wall: () => number) {
    this.#wall = wall;
  }

  /** How often, since the start; the first leader counts. */
  get count(): number {
    return this.#count;
  }

  /** Answers with the latest leaders, once for each term, oldest first; false for another request. */
  answer(request: WireValue, reply: Answer): boolean {
    if (request !== LEADERS_REQUEST) return false;
    reply(this.#history as Plain<LeaderSeen[]>);
    return true;
  }

  /** Looks at each state of the node, and passes it on. */
  before(next: (status: Status) => void): (status: Status) => void {
    return (status) => {
      const { leader, term } = status;
      if (leader !== null) {
        if (leader !== this.#last) this.#count += 1;
        this.#last = leader;
        if (this.#history.at(-1)?.term !== term) {
          this.#history.push({ at: this.#wall(), term, leader });
          if (this.#history.length > LEADERS_KEPT) this.#history.shift();
        }
      }
      next(status);
    };
  }
}

/** Processor time of this process since its start. */
export function cpuMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}
