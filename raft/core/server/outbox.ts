/**
 * Messages of this server that wait for its disk: each leaves when the term and the vote in it are
 * durable (P1). Term and vote are represented here by the number of their changes.
 *
 * @module
 */

import type { Envelope } from "../model/mod.ts";

/** A message, and the number of changes of term and vote that must be durable before it leaves. */
interface Waiting {
  readonly envelope: Envelope;
  readonly changes: number;
}

/** The waiting messages, and how far term and vote are durable. */
export class Outbox {
  #changes = 0;
  #durable = 0;
  /** The value of `#durable` after the save under way. */
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

  /** A new term has begun: messages of the earlier one that still wait are of no use. */
  clear(): void {
    this.#waiting = [];
  }

  /** Adds a message that contains the present term and vote. */
  add(envelope: Envelope): void {
    this.#waiting.push({ envelope, changes: this.#changes });
  }

  /** A save takes the present term and vote. */
  saving(): void {
    this.#saving = this.#changes;
  }

  /** That save has ended. */
  saved(): void {
    this.#durable = this.#saving;
  }

  /** The messages that may leave now, in the order in which they were added. */
  take(): Envelope[] {
    if (this.#waiting.length === 0) return [];
    const isReady = ({ changes }: Waiting) => changes <= this.#durable;
    const ready = this.#waiting.filter(isReady);
    if (ready.length > 0) this.#waiting = this.#waiting.filter((waiting) => !isReady(waiting));
    return ready.map(({ envelope }) => envelope);
  }
}
