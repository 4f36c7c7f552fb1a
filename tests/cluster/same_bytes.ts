/**
 * Equality of bytes and of entries.
 *
 * @module
 */

import type { Entry } from "../../raft/mod.ts";

/** Whether both have equal bytes, or both are `null`. */
export function isSameBytes(left: Uint8Array | null, right: Uint8Array | null): boolean {
  if (left === right) return true;
  if (left === null || right === null || left.length !== right.length) return false;
  for (let place = 0; place < left.length; place++) {
    if (left[place] !== right[place]) return false;
  }
  return true;
}

/** Whether two entries are equal in everything. */
export function isSameEntry(left: Entry, right: Entry): boolean {
  return left.index === right.index && left.term === right.term && left.kind === right.kind &&
    left.times.steady === right.times.steady && left.times.wall === right.times.wall &&
    isSameBytes(left.data, right.data);
}
