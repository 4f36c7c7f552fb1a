/**
 * The session of a clerk: numbers its writes, and knows which answers it still waits for.
 *
 * @module
 */

import type { Random } from "../../raft/mod.ts";
import type { RequestNumber } from "../command/mod.ts";

/** A session that began at a steady time of the log. */
export class ClerkSession {
  readonly #born: number;
  readonly #session: number;
  /** Numbers whose answers are awaited, in order. */
  readonly #open = new Set<number>();
  #last = 0;

  /** A session of its own name. */
  constructor(born: number, random: Random) {
    this.#born = born;
    this.#session = Math.floor(random() * 2 ** 26) * 2 ** 26 + Math.floor(random() * 2 ** 26);
  }

  /** The number of a new request. */
  take(): RequestNumber {
    const number = ++this.#last;
    this.#open.add(number);
    const [oldest = number] = this.#open;
    return { born: this.#born, session: this.#session, number, answered: oldest - 1 };
  }

  /** The answer is there, or is not awaited any more. */
  end({ number }: RequestNumber): void {
    this.#open.delete(number);
  }
}
