/**
 * Time that passes only when somebody waits for it: a queue of events, run in order, one at a
 * time. Whoever calls {@linkcode VirtualClock.sleep} or {@linkcode VirtualClock.wait} sets it going;
 * when nobody waits it stands still. Every node sees it through a {@linkcode ClockView}, which may
 * drift, be paused as by SIGSTOP, or end as by SIGKILL.
 *
 * Invariants: events run in the order of (time, time of scheduling); promises settle at points that
 * follow from the events alone; so the same inputs give the same run. Nothing else in the process
 * may do real input or output meanwhile.
 *
 * @module
 */

import type { Clock, Timer } from "../../raft/mod.ts";

/** Chains of promises inside a node are far shorter than this many steps. */
const MICROTASK_ROUNDS = 12;
/** Lets the process breathe now and then; counted in events, so that it is the same in every run. */
const EVENTS_PER_BREATH = 4096;

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
  /** Events of this very moment, in order; they need no heap. */
  readonly #soon: Event[] = [];
  #soonTaken = 0;
  #waiters = 0;
  #pumping = false;
  #watched = 0;
  #touched = false;
  #woken = false;
  #aborted: { readonly error: unknown } | null = null;
  readonly #rejections = new Set<(error: unknown) => void>();

  now(): number {
    return this.#now;
  }

  /** How many events have run. */
  get events(): number {
    return this.#events;
  }

  after(ms: number, run: () => void): Timer {
    return this.schedule(ms, run, null);
  }

  soon(run: () => void): void {
    this.schedule(0, run, null);
  }

  /** Schedules an event for the owner of a view; it runs only while that view does. */
  schedule(ms: number, run: () => void, view: ClockView | null): Timer {
    if (!(ms >= 0)) {
      throw new RangeError(`Cannot schedule an event: wanted a delay of 0 or more ms, got ${ms}`);
    }
    const event = new Event(this.#now + ms, { sequence: this.#sequence++, view, run });
    if (ms === 0) this.#soon.push(event);
    else push(this.#heap, event);
    return event;
  }

  /** Says that an event resolved or may resolve a promise, which has to settle before the next. */
  touch(): void {
    this.#touched = true;
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

  /** Lets time pass until the promise is settled, which may happen at any event. */
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

  /** Counts one more who waits and sets time going; the answer ends the waiting. */
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

  /** Stops time for ever: all who wait, or will wait, get the error. */
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
      if (this.#touched || this.#watched > 0) {
        this.#touched = false;
        for (let round = 0; round < MICROTASK_ROUNDS; round++) await null;
      }
      if (this.#woken || this.#events % EVENTS_PER_BREATH === 0) {
        this.#woken = false;
        await settle();
      }
    }
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

/** What a view differs in from true time. */
export interface ViewOptions {
  /** Milliseconds this clock counts in one true millisecond. */
  readonly rate?: number;
  readonly originMs?: number;
}

/** The clock of one life of one node. */
export class ClockView implements Clock {
  readonly #clock: VirtualClock;
  readonly #rate: number;
  readonly #originMs: number;
  readonly #held: (() => void)[] = [];
  #state: "running" | "paused" | "ended" = "running";

  constructor(clock: VirtualClock, options: ViewOptions = {}) {
    this.#clock = clock;
    this.#rate = options.rate ?? 1;
    this.#originMs = options.originMs ?? 0;
  }

  /** Paused by {@linkcode pause} and not resumed yet. */
  get isPaused(): boolean {
    return this.#state === "paused";
  }

  now(): number {
    return this.#originMs + this.#clock.now() * this.#rate;
  }

  after(ms: number, run: () => void): Timer {
    return this.#clock.schedule(Math.max(0, ms) / this.#rate, run, this);
  }

  soon(run: () => void): void {
    this.#clock.schedule(0, run, this);
  }

  /** As SIGSTOP: what becomes due is held until {@linkcode resume}. */
  pause(): void {
    if (this.#state === "running") this.#state = "paused";
  }

  /** As SIGCONT: everything held happens now, in order. */
  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    for (const run of this.#held) this.#clock.schedule(0, run, this);
    this.#held.length = 0;
  }

  /** As SIGKILL: nothing scheduled here happens any more. */
  end(): void {
    this.#state = "ended";
    this.#held.length = 0;
  }

  /** Runs a due event now, later or never; called by the clock. */
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
 * Resolves when every promise that can settle without an event has done so. By a channel and not by
 * an immediate, which is a timer of a millisecond in an older Deno, and outlives the test there. One
 * channel for each settling: an open port would keep the process alive.
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
