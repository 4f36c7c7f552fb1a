/**
 * The session of a clerk: numbers its writes, and knows which answers it still waits for.
 *
 * Servers keep the answers that a client may not have yet, and execute nothing for a client that has too
 * many of them. So writes wait here for their numbers, in the order in which they came.
 *
 * @module
 */

import type { Clock, Random } from "../../raft/mod.ts";
import type { RequestNumber } from "../command/mod.ts";

/**
 * From the oldest number whose answer is awaited to the newest. Servers keep 256 answers, and write all
 * that they keep of a session with each of its requests; fewer keep a server busy just as well.
 */
export const NUMBERS_OPEN_MAX = 128;

/** How long a write waits for its number. */
interface WaitLimits {
  readonly clock: Pick<Clock, "now" | "after">;
  /** On that clock. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
}

/** The writes that give up when one signal is raised. */
interface SignalGroup {
  readonly waiting: Set<() => void>;
  readonly raised: () => void;
}

/** A session, which begins at a steady time of the log. */
export class ClerkSession {
  /** `null`: it has not begun. */
  #born: number | null = null;
  readonly #session: number;
  /** Numbers whose answers are awaited, in order. */
  readonly #open = new Set<number>();
  /** Writes without a number, in the order in which they came. */
  readonly #waiting = new Set<() => void>();
  /** Those of them that end with a signal; `raised` listens to it. */
  readonly #bySignal = new Map<AbortSignal, SignalGroup>();
  #last = 0;
  #isAsking = false;

  /** A session of its own name, which has not begun. */
  constructor(random: Random) {
    this.#session = Math.floor(random() * 2 ** 26) * 2 ** 26 + Math.floor(random() * 2 ** 26);
  }

  /** Begins at the steady time that the question brings: one question for all writes that wait. */
  async beginWith(askTime: () => Promise<number | null>): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#born === null && this.#waiting.size > 0) this.#born = await askTime();
    this.#isAsking = false;
    this.#callNext();
  }

  /** The number of a new request, as soon as there is room for it; `null`: not in time. */
  take(limits: WaitLimits): Promise<RequestNumber | null> {
    if (this.#waiting.size > 0 || !this.#hasRoom) return this.#wait(limits);
    return Promise.resolve(this.#next());
  }

  /** The answer is there, or is not awaited any more. */
  end({ number }: RequestNumber): void {
    this.#open.delete(number);
    this.#callNext();
  }

  #callNext(): void {
    for (const come of this.#waiting) {
      if (!this.#hasRoom) return;
      come();
    }
  }

  #next(): RequestNumber {
    const number = ++this.#last;
    this.#open.add(number);
    const [oldest = number] = this.#open;
    return { born: this.#born!, session: this.#session, number, answered: oldest - 1 };
  }

  get #hasRoom(): boolean {
    if (this.#born === null) return false;
    const [oldest = this.#last + 1] = this.#open;
    return this.#last + 1 - oldest < NUMBERS_OPEN_MAX;
  }

  #wait({ clock, deadline, signal }: WaitLimits): Promise<RequestNumber | null> {
    return new Promise((resolve) => {
      const end = (number: RequestNumber | null): void => {
        timer?.cancel();
        this.#waiting.delete(come);
        if (signal !== undefined) this.#forget(signal, giveUp);
        resolve(number);
      };
      const come = (): void => end(this.#next());
      const giveUp = (): void => end(null);
      const timer = deadline === Infinity
        ? null
        : clock.after(Math.max(0, deadline - clock.now()), giveUp);
      this.#waiting.add(come);
      if (signal !== undefined) this.#heed(signal, giveUp);
      if (signal?.aborted) giveUp();
    });
  }

  /** All operations of a client may share a signal, and a signal with thousands of listeners is slow. */
  #heed(signal: AbortSignal, giveUp: () => void): void {
    let group = this.#bySignal.get(signal);
    if (group === undefined) {
      const waiting = new Set<() => void>();
      const raised = (): void => {
        for (const each of [...waiting]) each();
      };
      group = { waiting, raised };
      this.#bySignal.set(signal, group);
      signal.addEventListener("abort", raised);
    }
    group.waiting.add(giveUp);
  }

  #forget(signal: AbortSignal, giveUp: () => void): void {
    const group = this.#bySignal.get(signal);
    group?.waiting.delete(giveUp);
    if (group === undefined || group.waiting.size > 0) return;
    this.#bySignal.delete(signal);
    signal.removeEventListener("abort", group.raised);
  }
}
