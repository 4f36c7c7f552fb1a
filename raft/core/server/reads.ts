/**
 * Linearizable reads that wait until their leader is confirmed (§8, ReadIndex in thesis §6.4).
 * A read is registered, then starts with a round of heartbeats that begins after it was registered,
 * then waits until that round is answered by a majority and its commit index is applied.
 *
 * Invariant: a read belongs to exactly one round; a late answer to an earlier round decides nothing
 * (R2).
 *
 * @module
 */

import type { Index, Read } from "../model/mod.ts";

interface Started {
  readonly context: number;
  readonly index: Index;
  readonly round: number;
}

/** The reads of one leadership, in the order in which they were registered. */
export class ReadQueue {
  #registered: number[] = [];
  #started: Started[] = [];
  #startedRound = 0;

  /** Whether reads are waiting for a round to begin. */
  get hasRegistered(): boolean {
    return this.#registered.length > 0;
  }

  /** Whether reads are waiting for their round, or for their state to be applied. */
  get hasStarted(): boolean {
    return this.#started.length > 0;
  }

  /** The round of the reads that were started last. */
  get startedRound(): number {
    return this.#startedRound;
  }

  register(context: number): void {
    this.#registered.push(context);
  }

  /** Assigns `round` and the state at `index` to all registered reads. */
  start(index: Index, round: number): void {
    for (const context of this.#registered) this.#started.push({ context, index, round });
    this.#registered = [];
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

  /** Removes and returns all reads when leadership is lost, as none can be confirmed any more. */
  abandon(): Read[] {
    const contexts = [...this.#started.map(({ context }) => context), ...this.#registered];
    return contexts.map((context) => ({ context, confirmed: false }));
  }
}
