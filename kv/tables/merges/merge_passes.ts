/**
 * A merge of tables as bytes: what stays is the same as with {@linkcode kept}, but no entry becomes an
 * object.
 *
 * @module
 */

import { KEY_BYTES_MAX, type Pass, RawEntry } from "../files/mod.ts";
import { Heads } from "./heads.ts";
import { type Keep, Keeper } from "./merge.ts";

/** A pass, and which of several it is: of two equal versions that of the lower number stays. */
interface Source {
  readonly pass: Pass;
  readonly order: number;
}

/** The entries of several passes that have to stay, in order. */
export class MergedPasses {
  readonly #heads = new Heads<Source>(comesBefore);
  readonly #keeper: Keeper;
  /** The key and revision of the entry before. */
  readonly #last = new RawEntry();
  readonly #lastBytes = new Uint8Array(KEY_BYTES_MAX + 2);
  /** Whether the first source still stands at what {@linkcode next} returned. */
  #isTaken = false;

  /** Passes that stand before their first entry, from new to old. */
  constructor(passes: readonly Pass[], keep: Keep) {
    this.#keeper = new Keeper(keep);
    this.#last.bytes = this.#lastBytes;
    for (const [order, pass] of passes.entries()) {
      if (pass.next()) this.#heads.add({ pass, order });
    }
  }

  /** The next entry, until the next call; `null`: that was the last one. */
  next(): RawEntry | null {
    for (;;) {
      if (this.#isTaken) this.#move();
      const { first } = this.#heads;
      if (first === undefined) return null;
      this.#isTaken = true;
      if (this.#stays(first.pass)) return first.pass;
    }
  }

  #move(): void {
    if (this.#heads.first!.pass.next()) this.#heads.moved();
    else this.#heads.ended();
  }

  #stays(entry: Pass): boolean {
    const last = this.#last;
    const isSameKey = last.keyEnd > 0 && last.compareKey(entry) === 0;
    // Two tables hold this very version: the first of them is enough.
    if (isSameKey && last.revision === entry.revision) return false;
    if (!isSameKey) {
      const length = entry.keyEnd - entry.at;
      for (let place = 0; place < length; place++) {
        this.#lastBytes[place] = entry.bytes[entry.at + place]!;
      }
      last.keyEnd = length;
    }
    last.revision = entry.revision;
    return this.#keeper.keeps(entry, isSameKey);
  }
}

function comesBefore(one: Source, other: Source): boolean {
  const order = one.pass.compareKey(other.pass) || other.pass.revision - one.pass.revision;
  return order < 0 || order === 0 && one.order < other.order;
}
