/**
 * Linearizable reads of a server that follows: it asks its leader for the read position, and answers
 * itself when it has applied that far. One question at a time serves all reads that gathered before it.
 *
 * Invariants:
 * - A read is answered with a position that was asked for after it was registered (R7).
 * - A read waits for a bounded time; then its client has to ask elsewhere.
 *
 * @module
 */

import type { Index, Read } from "../model/mod.ts";

interface Asked {
  readonly contexts: readonly number[];
  readonly question: number;
  /** Ticks since then. */
  ticks: number;
}

interface Placed {
  readonly contexts: readonly number[];
  readonly index: Index;
  ticks: number;
}

/** The reads of a server while it follows one leader in one term. */
export class FollowerReads {
  #registered: number[] = [];
  #asked: Asked[] = [];
  #placed: Placed[] = [];
  #lost: number[] = [];
  /** Ticks since the last question of reads. */
  #askedTicks = 0;
  /** The leader of an earlier release answers no questions. */
  #isAnswering = false;

  /** Whether the leader has answered a question, so that reads can be registered. */
  get isAnswering(): boolean {
    return this.#isAnswering;
  }

  /** Whether any reads wait. */
  get isWaiting(): boolean {
    return this.#registered.length + this.#asked.length + this.#placed.length + this.#lost.length >
      0;
  }

  register(context: number): void {
    this.#registered.push(context);
  }

  /** Whether a question should leave now: for new reads, or because the last one may be lost. */
  wantsQuestion(patienceTicks: number): boolean {
    if (this.#asked.length === 0) return this.#registered.length > 0;
    return this.#askedTicks >= patienceTicks;
  }

  /** All registered reads are part of this question. */
  ask(question: number): void {
    if (this.#registered.length > 0) {
      this.#asked.push({ contexts: this.#registered, question, ticks: 0 });
    }
    this.#registered = [];
    this.#askedTicks = 0;
  }

  /** The leader's answer to a question holds for all questions before it as well. */
  answer(question: number, index: Index): void {
    this.#isAnswering = true;
    const isCovered = (asked: Asked): boolean => asked.question <= question;
    for (const { contexts, ticks } of this.#asked.filter(isCovered)) {
      this.#placed.push({ contexts, index, ticks });
    }
    this.#asked = this.#asked.filter((asked) => !isCovered(asked));
  }

  /** Time passes. Reads that have waited for so many ticks are given up. */
  tick(ticksMax: number): void {
    this.#askedTicks++;
    const isLate = (waiting: Asked | Placed): boolean => waiting.ticks >= ticksMax;
    for (const waiting of [...this.#asked, ...this.#placed]) {
      waiting.ticks++;
      if (isLate(waiting)) this.#lost.push(...waiting.contexts);
    }
    this.#asked = this.#asked.filter((asked) => !isLate(asked));
    this.#placed = this.#placed.filter((placed) => !isLate(placed));
  }

  /** The reads whose position is applied, and those that were given up, behind the ones given. */
  take(applied: Index, before: Read[] = []): Read[] {
    if (this.#placed.length === 0 && this.#lost.length === 0) return before;
    const isReady = ({ index }: Placed): boolean => index <= applied;
    const ready = this.#placed.filter(isReady).flatMap(({ contexts }) => contexts);
    this.#placed = this.#placed.filter((placed) => !isReady(placed));
    const lost = this.#lost;
    this.#lost = [];
    return [
      ...before,
      ...ready.map((context) => ({ context, confirmed: true })),
      ...lost.map((context) => ({ context, confirmed: false })),
    ];
  }

  /** Removes and returns all reads: this server does not follow that leader any more. */
  abandon(): Read[] {
    const waiting = [...this.#placed, ...this.#asked].flatMap(({ contexts }) => contexts);
    const all = [...this.#lost, ...waiting, ...this.#registered];
    return all.map((context) => ({ context, confirmed: false }));
  }
}
