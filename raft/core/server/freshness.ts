/**
 * How new the applied state is, by this server's own monotonic clock. A fact says: at that time nothing
 * beyond this index was committed anywhere, or it was committed after that time. Clocks of two servers
 * are never compared.
 *
 * Invariant: a state with all entries up to the index of a fact was the newest at the time of the fact,
 * or later (R8).
 *
 * @module
 */

import type { Index } from "../model/mod.ts";

/** A leader confirms about ten facts a second, so an application may lag behind by so many. */
const FACTS_MAX = 128;

interface Fact {
  readonly at: number;
  readonly index: Index;
}

/** The facts that this server knows, oldest first. */
export class Freshness {
  #facts: Fact[] = [];

  /** Adds a fact. One that says less than the last known fact has no effect. */
  know(at: number, index: Index): void {
    const last = this.#facts.at(-1);
    if (last !== undefined && (at <= last.at || index < last.index)) return;
    if (last?.index === index) this.#facts.pop();
    this.#facts.push({ at, index });
    if (this.#facts.length > FACTS_MAX) this.#facts.shift();
  }

  /** The time at which the state up to this index was certainly still the newest; `null`: unknown. */
  of(applied: Index): number | null {
    const place = this.#facts.findLastIndex(({ index }) => index <= applied);
    if (place < 0) return null;
    this.#facts.splice(0, place);
    return this.#facts[0]!.at;
  }
}
