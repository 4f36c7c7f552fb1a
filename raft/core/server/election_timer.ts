/**
 * How long a server that is not leading has been without signs of life of its leader (§5.2).
 *
 * A sign of life is a round of the leader that was not heard before. Messages of earlier rounds are
 * none: what a dead leader left in queues and slow lines arrives for a long time, and must not
 * postpone the election of its successor (E11).
 *
 * @module
 */

import type { FullRaftOptions, Random } from "../model/mod.ts";

/**
 * For how many election timeouts after the last new round arriving bytes of a bulk message count as a
 * sign of life: the rest of a long message may be the last that a dead leader sent (E11).
 */
const BULK_TIMEOUTS_MAX = 4;
/** Below every round. */
const NO_ROUND = -1;

/** Counts ticks without a sign of life of the leader of one term after the other. */
export class ElectionTimer {
  readonly #options: FullRaftOptions;
  readonly #random: Random;
  #elapsedTicks = 0;
  /** When `#elapsedTicks` reaches this, it is time for an election. */
  #timeoutTicks = 0;
  /** The latest round that was heard of this term's leader. */
  #heardRound = NO_ROUND;
  /** Ticks since a new round was heard. */
  #roundTicks = 0;
  /** Ticks since bytes of a bulk message of the leader arrived. */
  #bulkTicks = Infinity;

  constructor(options: FullRaftOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    this.reset();
  }

  /** Ticks until it is time for an election; 0 or less: it is. */
  get ticksLeft(): number {
    return this.#timeoutTicks - this.#elapsedTicks;
  }

  /** Whether there was a sign of life within the shortest timeout there is. */
  get isLeaderRecent(): boolean {
    return this.#elapsedTicks < this.#options.electionTicks;
  }

  /** Whether bulk of the leader is arriving at the moment. */
  get isReceiving(): boolean {
    return this.#bulkTicks < this.#options.heartbeatTicks;
  }

  tick(): void {
    this.#elapsedTicks++;
    this.#roundTicks++;
    this.#bulkTicks++;
  }

  /** A whole timeout begins, of a length drawn anew. */
  reset(): void {
    const { electionTicks } = this.#options;
    this.#elapsedTicks = 0;
    this.#timeoutTicks = electionTicks + Math.floor(this.#random() * electionTicks);
  }

  /** No round was heard: the term is new, or a wrong number must not hide the leader for ever. */
  forgetRounds(): void {
    this.#heardRound = NO_ROUND;
  }

  /** The leader's message names this round; returns whether that is a sign of life. */
  hearRound(round: number): boolean {
    if (round <= this.#heardRound) return false;
    this.#heardRound = round;
    this.#roundTicks = 0;
    this.reset();
    return true;
  }

  /** Bytes of a bulk message of the leader arrive. */
  hearBytes(): void {
    this.#bulkTicks = 0;
    if (this.#roundTicks > BULK_TIMEOUTS_MAX * this.#options.electionTicks) return;
    this.#elapsedTicks = 0;
  }
}
