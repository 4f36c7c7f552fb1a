/**
 * The configurations of a log, each with the index from which it is in force: as soon as its entry is
 * appended, whether or not it is committed (§6). An entry that is cut off takes its own along.
 *
 * Invariant: there is always a configuration: that of the snapshot, or that of the founders.
 *
 * @module
 */

import type { Configuration } from "./configuration.ts";

/** A configuration, and the entry that holds it. */
export interface Placed {
  /** It is in force from here on; for that of a snapshot, the last entry which that covers. */
  readonly index: number;
  readonly configuration: Configuration;
}

/** The configurations in a log, by index. */
export class Configurations {
  /** The lowest index first; never empty. */
  #placed: Placed[];

  constructor(first: Placed) {
    this.#placed = [first];
  }

  /** The one in force. */
  get latest(): Placed {
    return this.#placed.at(-1)!;
  }

  /** The one in force when the log ended at an index. */
  at(index: number): Placed {
    return this.#placed.findLast((placed) => placed.index <= index) ?? this.#placed[0]!;
  }

  /** The one in force when the log ended at an index, and all later ones. */
  from(index: number): readonly Placed[] {
    return this.#placed.slice(this.#placed.indexOf(this.at(index)));
  }

  /** An entry with members was appended. */
  append(placed: Placed): void {
    this.#placed.push(placed);
  }

  /** The log was cut: it now ends before the index. */
  cut(from: number): void {
    while (this.#placed.length > 1 && this.latest.index >= from) this.#placed.pop();
  }

  /** Everything up to the index is committed: no cut gets there any more. */
  forget(index: number): void {
    const first = this.#placed.findLastIndex((placed) => placed.index <= index);
    if (first > 0) this.#placed.splice(0, first);
  }
}
