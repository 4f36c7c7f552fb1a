/**
 * A part of the state at one revision, and what it can be read from.
 *
 * @module
 */

import type { Entry } from "./files/mod.ts";

/** Where a scan begins and ends, and at which revision. */
export interface Range {
  /** The first key, as a binary string. */
  readonly from: string;
  /** The key behind the last one; `null`: to the end. */
  readonly to: string | null;
  /** The revision whose state is read. */
  readonly at: number;
}

/** Something whose entries can be read in the order of their keys. */
export interface Scannable {
  /** The entries of a range. The generator must be run to its end or closed. */
  scan(range: Range): Generator<Entry, void, void>;
}
