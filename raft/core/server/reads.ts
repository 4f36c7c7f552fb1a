/**
 * Linearizable reads that wait until their leader is confirmed (§8, ReadIndex in thesis §6.4).
 * A read is registered, then starts with a round of heartbeats that begins after it was registered,
 * then waits until that round is answered by a majority and its commit index is applied. Questions of
 * followers take part in the same rounds.
 *
 * Invariant: a read belongs to exactly one round; a late answer to an earlier round decides nothing
 * (R2).
 *
 * @module
 */

import type { Index, NodeId, Read } from "../model/mod.ts";

interface Started {
  readonly context: number;
  readonly index: Index;
  readonly round: number;
}

/** A round, and the questions that it answers. */
interface Round {
  readonly round: number;
  /** What is committed as the round begins. */
  readonly index: Index;
  /** When it begins, by this server's clock. */
  readonly at: number;
  /** The latest question of each follower. */
  readonly questions: ReadonlyMap<NodeId, Question>;
}

interface Question {
  readonly number: number;
  /** The follower has reads that wait for the answer. */
  readonly hasReads: boolean;
}

/** The reads of one leadership, in the order in which they were registered. */
export class ReadQueue {
  #registered: number[] = [];
  #started: Started[] = [];
  #rounds: Round[] = [];
  #startedRound = 0;
  #questions = new Map<NodeId, Question>();
  /** Some follower has reads that wait. */
  #isAsked = false;

  /** Whether reads, here or on a follower, are waiting for a round to begin. */
  get hasRegistered(): boolean {
    return this.#registered.length > 0 || this.#isAsked;
  }

  /** Whether reads are waiting for their round, or for their state to be applied. */
  get hasStarted(): boolean {
    return this.#started.length > 0;
  }

  /** Whether rounds wait for a majority. */
  get hasRounds(): boolean {
    return this.#rounds.length > 0;
  }

  /** The round of the reads that were started last. */
  get startedRound(): number {
    return this.#startedRound;
  }

  register(context: number): void {
    this.#registered.push(context);
  }

  /** A follower asks for the read position; it has reads that wait, or only wants to know. */
  question(from: NodeId, number: number, hasReads: boolean): void {
    const before = this.#questions.get(from) ?? { number: 0, hasReads: false };
    this.#questions.set(from, {
      number: Math.max(before.number, number),
      hasReads: before.hasReads || hasReads,
    });
    this.#isAsked ||= hasReads;
  }

  /** Assigns `round` and the state at `index` to all registered reads and questions. */
  start(index: Index, round: number, at: number): void {
    for (const context of this.#registered) this.#started.push({ context, index, round });
    this.#rounds.push({ round, index, at, questions: this.#questions });
    this.#registered = [];
    this.#questions = new Map();
    this.#isAsked = false;
    this.#startedRound = round;
  }

  /** The reads whose round is confirmed and whose state is applied. */
  take(confirmedRound: number, applied: Index): Read[] {
    const waits = ({ index, round }: Started) => round > confirmedRound || index > applied;
    // Rounds and indexes increase along the queue, so the ready reads are at its front.
    const first = this.#started.findIndex(waits);
    const ready = this.#started.splice(0, first === -1 ? this.#started.length : first);
    return ready.map(({ context }) => ({ context, confirmed: true }));
  }

  /** The rounds that have been confirmed since the last call. */
  takeRounds(confirmedRound: number): Round[] {
    if (this.#rounds.length === 0) return [];
    const first = this.#rounds.findIndex(({ round }) => round > confirmedRound);
    return this.#rounds.splice(0, first === -1 ? this.#rounds.length : first);
  }

  /** Removes and returns all reads when leadership is lost, as none can be confirmed any more. */
  abandon(): Read[] {
    const contexts = [...this.#started.map(({ context }) => context), ...this.#registered];
    return contexts.map((context) => ({ context, confirmed: false }));
  }
}
