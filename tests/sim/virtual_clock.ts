/**
 * Virtual time: a queue of events that run in order, one at a time, while a caller of
 * {@linkcode VirtualClock.sleep} or {@linkcode VirtualClock.wait} waits; otherwise time stands
 * still. Every node uses it through a {@linkcode ClockView}, which may drift, be paused as by
 * SIGSTOP, or end as by SIGKILL.
 *
 * Invariants: events run in the order of (time, time of scheduling); promises settle at points that
 * depend only on the events; so the same inputs produce the same run. Nothing else in the process
 * may do real input or output during a run.
 *
 * @module
 */

import type { Clock, Timer } from "../../raft/mod.ts";

/** More than the length of any chain of promises inside a node, but for its files. */
const MICROTASK_ROUNDS = 12;
/** More than the length of any chain of promises of a client that a wait resumes. */
const WAKE_ROUNDS = 100;
/** Yields to the event loop after so many events, which is the same in every run. */
const EVENTS_PER_BREATH = 4096;
/** When every simulation begins: the year 2026. */
const EPOCH_MS = Date.UTC(2026);

class Event implements Timer {
  readonly time: number;
  readonly sequence: number;
  readonly view: ClockView | null;
  run: (() => void) | null;

  constructor(
    time: number,
    order: { readonly sequence: number; readonly view: ClockView | null; readonly run: () => void },
  ) {
    this.time = time;
    this.sequence = order.sequence;
    this.view = order.view;
    this.run = order.run;
  }

  cancel(): void {
    this.run = null;
  }
}

/** The event queue of a simulation. */
export class VirtualClock implements Clock {
  #now = 0;
  #sequence = 0;
  #events = 0;
  readonly #heap: Event[] = [];
  /** Events of the current time in order, which need no heap. */
  readonly #soon: Event[] = [];
  #soonTaken = 0;
  #waiters = 0;
  #pumping = false;
  #watched = 0;
  /** Rounds of promises before the next event; 0: none has been resolved. */
  #touched = 0;
  #woken = false;
  #aborted: { readonly error: unknown } | null = null;
  readonly #rejections = new Set<(error: unknown) => void>();

  now(): number {
    return this.#now;
  }

  /** The true time of day. */
  wall(): number {
    return EPOCH_MS + this.#now;
  }

  /** The number of events that have run. */
  get events(): number {
    return this.#events;
  }

  after(ms: number, run: () => void): Timer {
    return this.schedule(ms, run, null);
  }

  soon(run: () => void): void {
    this.schedule(0, run, null);
  }

  /** Schedules an event of a view, which runs only while the view runs. */
  schedule(ms: number, run: () => void, view: ClockView | null): Timer {
    if (!(ms >= 0)) {
      throw new RangeError(`Cannot schedule an event: wanted a delay of 0 or more ms, got ${ms}`);
    }
    const event = new Event(this.#now + ms, { sequence: this.#sequence++, view, run });
    if (ms === 0) this.#soon.push(event);
    else push(this.#heap, event);
    return event;
  }

  /**
   * Marks that an event may have resolved a promise, and that the chain of promises which follows, of
   * that length at most, must come to its end before the next event.
   */
  touch(rounds = MICROTASK_ROUNDS): void {
    this.#touched = Math.max(this.#touched, rounds);
  }

  /** Resolves when `ms` have passed. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = this.#begin(reject);
      if (end === null) return;
      this.after(ms, () => {
        end();
        resolve();
      });
    });
  }

  /** Lets time pass until the promise settles. */
  wait<Value>(promise: Promise<Value>): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      const end = this.#begin(reject);
      if (end === null) return;
      this.#watched++;
      promise.then(resolve, reject).finally(() => {
        this.#watched--;
        end();
      });
    });
  }

  /** Registers a waiting caller and starts time; returns the function that ends the wait. */
  #begin(reject: (error: unknown) => void): (() => void) | null {
    if (this.#aborted !== null) {
      reject(this.#aborted.error);
      return null;
    }
    this.#waiters++;
    this.#rejections.add(reject);
    if (!this.#pumping) {
      this.#pumping = true;
      void this.#pump();
    }
    return () => {
      this.#waiters--;
      this.#rejections.delete(reject);
      this.#woken = true;
    };
  }

  /** Stops time for good: all present and later waits reject with the error. */
  abort(error: unknown): void {
    this.#aborted ??= { error };
    for (const reject of [...this.#rejections]) reject(this.#aborted.error);
    this.#rejections.clear();
  }

  async #pump(): Promise<void> {
    do {
      await settle();
      await this.#pass();
    } while (this.#waiters > 0 && this.#aborted === null);
    this.#pumping = false;
  }

  get #isEmpty(): boolean {
    return this.#heap.length === 0 && this.#soon.length === 0;
  }

  async #pass(): Promise<void> {
    while (this.#waiters > 0 && this.#aborted === null) {
      if (this.#isEmpty) await settle();
      if (this.#waiters > 0 && this.#isEmpty) {
        this.abort(new Error("Cannot wait any longer: nothing will ever happen"));
        break;
      }
      if (this.#isEmpty) continue;
      try {
        this.#runNext();
      } catch (error) {
        this.abort(error);
        break;
      }
      if (this.#watched > 0) this.touch();
      while (this.#touched > 0 || this.#woken) await this.#settleSome();
      if (this.#events % EVENTS_PER_BREATH === 0) await settle();
    }
  }

  /** Lets promises settle that this event has resolved; a caller that goes on may resolve others. */
  async #settleSome(): Promise<void> {
    const rounds = this.#woken ? WAKE_ROUNDS : this.#touched;
    this.#touched = 0;
    this.#woken = false;
    for (let round = 0; round < rounds; round++) await null;
  }

  #next(): Event {
    const soon = this.#soon[this.#soonTaken];
    const later = this.#heap[0];
    if (soon === undefined || (later !== undefined && isBefore(later, soon))) {
      return pop(this.#heap);
    }
    if (++this.#soonTaken === this.#soon.length) this.#soonTaken = this.#soon.length = 0;
    return soon;
  }

  #runNext(): void {
    const event = this.#next();
    const run = event.run;
    if (run === null) return;
    event.run = null;
    this.#now = event.time;
    this.#events++;
    if (event.view === null) run();
    else event.view.admit(run);
  }
}

/** Options of a {@linkcode ClockView}. */
export interface ViewOptions {
  /** Milliseconds of this clock in one true millisecond. */
  readonly rate?: number;
  readonly originMs?: number;
  /** How far this computer's date is ahead of the true one. */
  readonly wallAheadMs?: number;
}

/** The clock of one start of one node. */
export class ClockView implements Clock {
  readonly #clock: VirtualClock;
  readonly #rate: number;
  readonly #originMs: number;
  #wallAheadMs: number;
  readonly #held: (() => void)[] = [];
  #state: "running" | "paused" | "ended" = "running";

  constructor(clock: VirtualClock, options: ViewOptions = {}) {
    this.#clock = clock;
    this.#rate = options.rate ?? 1;
    this.#originMs = options.originMs ?? 0;
    this.#wallAheadMs = options.wallAheadMs ?? 0;
  }

  /** Whether the clock is paused by {@linkcode pause}. */
  get isPaused(): boolean {
    return this.#state === "paused";
  }

  now(): number {
    return this.#originMs + this.#clock.now() * this.#rate;
  }

  wall(): number {
    return this.#clock.wall() + this.#wallAheadMs;
  }

  after(ms: number, run: () => void): Timer {
    return this.#clock.schedule(Math.max(0, ms) / this.#rate, run, this);
  }

  soon(run: () => void): void {
    this.#clock.schedule(0, run, this);
  }

  /** Sets the date forward, or back. */
  setDate(byMs: number): void {
    this.#wallAheadMs += byMs;
  }

  /** As SIGSTOP: due events are held until {@linkcode resume}. */
  pause(): void {
    if (this.#state === "running") this.#state = "paused";
  }

  /** As SIGCONT: runs all held events in order. */
  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    for (const run of this.#held) this.#clock.schedule(0, run, this);
    this.#held.length = 0;
  }

  /** As SIGKILL: drops all events scheduled here. */
  end(): void {
    this.#state = "ended";
    this.#held.length = 0;
  }

  /** Runs a due event, holds it or drops it; called by the clock. */
  admit(run: () => void): void {
    if (this.#state === "running") run();
    else if (this.#state === "paused") this.#held.push(run);
  }
}

function isBefore(left: Event, right: Event): boolean {
  return left.time < right.time || (left.time === right.time && left.sequence < right.sequence);
}

function push(heap: Event[], event: Event): void {
  let place = heap.length;
  heap.push(event);
  while (place > 0) {
    const parent = (place - 1) >> 1;
    const above = heap[parent]!;
    if (!isBefore(event, above)) break;
    heap[place] = above;
    place = parent;
  }
  heap[place] = event;
}

function pop(heap: Event[]): Event {
  const first = heap[0]!;
  const last = heap.pop()!;
  const size = heap.length;
  if (size === 0) return first;
  let place = 0;
  for (let child = 1; child < size; child = 2 * place + 1) {
    if (child + 1 < size && isBefore(heap[child + 1]!, heap[child]!)) child++;
    const below = heap[child]!;
    if (!isBefore(below, last)) break;
    heap[place] = below;
    place = child;
  }
  heap[place] = last;
  return first;
}

/**
 * Resolves when every promise that can settle without an event has settled. It uses a channel,
 * since setImmediate is a timer of a millisecond in an older Deno and outlives the test there. Each
 * call makes its own channel, since an open port would keep the process alive.
 */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      channel.port2.close();
      resolve();
    };
    channel.port2.postMessage(null);
  });
}
