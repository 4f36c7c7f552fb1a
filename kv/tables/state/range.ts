/**
 * A part of the state at one revision, and what it can be read from.
 *
 * @module
 */

import type { Entry } from "../files/mod.ts";

/** Where a scan begins and ends, and at which revision. */
export interface Range {
  /** The first key, as a binary string. */
  readonly from: string;
  /** The key behind the last one; `null`: to the end. */
  readonly to: string | null;
  /** The revision whose state is read. */
  readonly at: number;
  /** Whether the last key comes first. @default {false} */
  readonly reverse?: boolean;
  /** Deletions from this revision on are among the entries. @default {Infinity} */
  readonly deletions?: number;
}

/** Something whose entries can be read in the order of their keys. */
export interface Scannable {
  /**
   * The entries of a range, at most one per key. What is added meanwhile with a later revision does
   * not appear. The generator must be run to its end or closed: until then it keeps what it needs.
   */
  scan(range: Range): Generator<Entry, void, void>;
}
