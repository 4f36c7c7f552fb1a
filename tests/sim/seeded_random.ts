/**
 * Repeatable random numbers for tests: a small fast generator that can be forked by purpose, so
 * that an additional number in one place does not change those in another. Not for secrets.
 *
 * Invariants: the same seed and forks produce the same numbers on every machine; a fork depends
 * only on the seed and its purpose, not on how many numbers were used before.
 *
 * @module
 */

import type { Random } from "../../raft/mod.ts";

/** A seeded generator (sfc32) with the draws that tests need. */
export class SeededRandom {
  readonly #high: number;
  readonly #low: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  /** The plain function, for code that takes a {@linkcode Random}. */
  readonly next: Random;

  /** Any whole number from 0 to 2^53 - 1 is a seed. */
  constructor(seed: number, purpose: string | number = "") {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new RangeError(`Cannot seed: wanted a whole number from 0 to 2^53 - 1, got ${seed}`);
    }
    let state = mix(seed >>> 0, Math.floor(seed / 0x1_0000_0000));
    for (const unit of String(purpose)) state = mix(state, unit.codePointAt(0)!);
    this.#low = mix(state, 0x9e37_79b9);
    this.#high = mix(this.#low, state) & 0x1f_ffff;
    this.#a = this.#low;
    this.#b = this.#high;
    this.#c = state;
    for (let round = 0; round < 12; round++) this.#draw();
    this.next = () => this.#draw() / 0x1_0000_0000;
  }

  /** A separate generator for one purpose. */
  fork(purpose: string | number): SeededRandom {
    return new SeededRandom(this.#high * 0x1_0000_0000 + (this.#low >>> 0), purpose);
  }

  /** A whole number from 0 to `bound - 1`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** A number from `least` to `most`. */
  range(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of the items, which must not be empty. */
  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new RangeError("Cannot pick: wanted at least one item, got none");
    return items[this.below(items.length)]!;
  }

  /** The items in a new order. */
  shuffle<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
    }
    return shuffled;
  }

  #draw(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum | 0;
    return sum >>> 0;
  }
}

/** A 32-bit hash of two numbers. */
function mix(left: number, right: number): number {
  let hash = Math.imul(left ^ (left >>> 16) ^ Math.imul(right, 0x9e37_79b1), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ right, 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
