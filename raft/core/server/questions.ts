/**
 * The questions of a follower to its leader: up to which index is the log committed? Each has a number.
 * An answer holds for all questions up to its number, so a lost one needs no answer of its own.
 *
 * Invariant: an answer counts only if this run of the server has asked that question (R7). Numbers begin
 * at a random place, as an answer to an earlier run may still arrive.
 *
 * @module
 */

import type { Random } from "../model/mod.ts";

/** Questions without an answer that are remembered. */
const ASKED_MAX = 32;

/** Where numbers may begin: far from the last safe integer. */
const FIRST_MAX = 2 ** 48;

/** Numbers questions, and remembers when each was asked. */
export class Questions {
  #latest: number;
  #asked: { readonly number: number; readonly at: number }[] = [];

  constructor(random: Random) {
    this.#latest = Math.floor(random() * FIRST_MAX) + 1;
  }

  /** The number of the question that was asked last. */
  get latest(): number {
    return this.#latest;
  }

  /** A question that is asked now, by this server's clock; returns its number. */
  ask(at: number): number {
    this.#asked.push({ number: ++this.#latest, at });
    if (this.#asked.length > ASKED_MAX) this.#asked.shift();
    return this.#latest;
  }

  /** When the question was asked that is answered now; `null`: it was not, or an answer came before. */
  answered(number: number): number | null {
    const place = this.#asked.findIndex((asked) => asked.number === number);
    if (place < 0) return null;
    const { at } = this.#asked[place]!;
    this.#asked.splice(0, place + 1);
    return at;
  }
}
