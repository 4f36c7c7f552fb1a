/**
 * Messages of this server that wait for its disk: each leaves when the term and the vote that it
 * speaks of are durable (P1). Term and vote are known here only by the number of their changes.
 *
 * @module
 */

import type { Envelope } from "./model/mod.ts";

/** A message, and how many changes of term and vote must be durable before it leaves. */
interface Waiting {
  readonly envelope: Envelope;
  readonly changes: number;
}

/** What waits to leave, and how far term and vote are durable. */
export class Outbox {
  #changes = 0;
  #durable = 0;
  /** `#durable` when the save under way has ended. */
  #saving = 0;
  #waiting: Waiting[] = [];

  /** Whether term and vote, as they are now, are durable. */
  get isVoteDurable(): boolean {
    return this.#durable === this.#changes;
  }

  /** Term or vote has changed. */
  voteChanged(): void {
    this.#changes++;
  }

  /** A new term has begun: what could not leave in the earlier one is of no use in it. */
  clear(): void {
    this.#waiting = [];
  }

  /** A message that speaks of term and vote as they are now. */
  add(envelope: Envelope): void {
    this.#waiting.push({ envelope, changes: this.#changes });
  }

  /** A message that binds nobody. */
  addUnbound(envelope: Envelope): void {
    this.#waiting.push({ envelope, changes: 0 });
  }

  /** A save takes term and vote. */
  saving(): void {
    this.#saving = this.#changes;
  }

  /** That save has ended. */
  saved(): void {
    this.#durable = this.#saving;
  }

  /** What may leave now, in the order in which it was added. */
  take(): Envelope[] {
    const isReady = ({ changes }: Waiting) => changes <= this.#durable;
    const ready = this.#waiting.filter(isReady);
    if (ready.length > 0) this.#waiting = this.#waiting.filter((waiting) => !isReady(waiting));
    return ready.map(({ envelope }) => envelope);
  }
}
