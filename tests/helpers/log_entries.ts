/**
 * Entries and places of a log for tests in which time stands still.
 *
 * @module
 */

import {
  type Clocks,
  Configuration,
  type Entry,
  type Index,
  type Members,
  type Moment,
  type Term,
  type Times,
} from "../../raft/mod.ts";

/** The times of everything here; one object, as in a log in which no time passes. */
export const STILL: Times = { steady: 0, wall: 0 };

/** The members of most clusters in tests. */
export const MEMBERS: Members = Configuration.of([1, 2, 3]).members;

/** The part of a status about members where none ever change. */
export const SETTLED = { members: MEMBERS, membersIndex: 0, removed: false, transferTo: null };

/** The clocks of a leader for which no time passes. */
export const STILL_CLOCKS: Clocks = { now: () => 0, wall: () => 0 };

/** A command; without data, a no-op. */
export function entryOf(index: Index, term: Term, data?: Uint8Array | null): Entry {
  const kind = data ? "command" : "noop";
  return { index, term, times: STILL, kind, data: data ?? new Uint8Array(0) };
}

/** A place in such a log. */
export function momentOf(index: Index, term: Term): Moment {
  return { index, term, times: STILL };
}
