/**
 * The meaning of a save, as pure functions: which saves are permitted, and the state after a save.
 * Every {@linkcode Storage} agrees with {@linkcode applySave}.
 *
 * @module
 */

import { invariant } from "./invariant.ts";
import { FIRST_TIMES, goesBack } from "./times.ts";
import type { Entry, Index, Moment, Persistent, Position, Save } from "./types.ts";

/** The state of a server that never ran. */
export const EMPTY: Persistent = { term: 0, votedFor: null, snapshot: null, entries: [] };

/** The position before the first entry. */
export const ORIGIN: Position = { index: 0, term: 0 };

/** The position and times before the first entry. */
export const BEGIN: Moment = { ...ORIGIN, times: FIRST_TIMES };

/** The position before the first entry of the log. */
export function baseOf(persistent: Persistent): Moment {
  return persistent.snapshot?.last ?? BEGIN;
}

/** The last position of the log or, if it is empty, of the snapshot. */
export function lastOf(persistent: Persistent): Moment {
  return persistent.entries.at(-1) ?? baseOf(persistent);
}

/** The position at an index in the log or the snapshot; `null` if there is none. */
export function positionAt(persistent: Persistent, index: Index): Moment | null {
  const base = baseOf(persistent);
  return index === base.index ? base : persistent.entries[index - base.index - 1] ?? null;
}

/** Whether two positions are equal. */
export function isSame(one: Position, other: Position): boolean {
  return one.index === other.index && one.term === other.term;
}

/**
 * The durable state after a save.
 *
 * @example A storage in memory.
 * ```ts
 * import { applySave, EMPTY, type Save } from "@kontiki/kontiki/core";
 *
 * let durable = EMPTY;
 * const save = (change: Save) => void (durable = applySave(durable, change));
 * const times = { steady: 0, wall: Date.now() };
 * const data = new Uint8Array(1);
 * const entries = [{ index: 1, term: 1, times, kind: "command", data }] as const;
 * save({ vote: { term: 1, votedFor: 2 }, snapshot: null, tail: { from: 1, entries } });
 * console.assert(durable.votedFor === 2 && durable.entries.length === 1);
 * ```
 */
export function applySave(before: Persistent, change: Save): Persistent {
  checkSave(before, change);
  const { term, votedFor } = change.vote ?? before;
  const snapshot = change.snapshot ?? before.snapshot;
  const after: Persistent = { term, votedFor, snapshot, entries: before.entries };
  let entries = before.entries.slice(baseOf(after).index - baseOf(before).index);
  if (change.tail !== null) {
    const kept = change.tail.from - 1 - baseOf(after).index;
    entries = entries.slice(0, kept).concat(change.tail.entries);
  }
  return { ...after, entries };
}

/** Throws an {@linkcode InvariantError} for a save that is not permitted. */
export function checkSave(before: Persistent, change: Save): void {
  const vote = change.vote ?? before;
  invariant(
    vote.term > before.term || vote.term === before.term &&
        (before.votedFor === null || vote.votedFor === before.votedFor),
    `Cannot save a vote that goes back: from ${before.votedFor} in term ${before.term}, ` +
      `to ${vote.votedFor} in term ${vote.term}`,
  );
  checkSnapshot(before, change);
  checkTail(before, change);
}

function checkSnapshot(before: Persistent, { vote, snapshot, tail }: Save): void {
  if (snapshot === null) return;
  const { index, term } = snapshot.last;
  const base = baseOf(before);
  invariant(
    index >= base.index,
    `Cannot save snapshot ${index}: one of ${base.index} is held (S2)`,
  );
  invariant(
    term <= (vote ?? before).term,
    `Cannot save snapshot ${index}@${term} in term ${(vote ?? before).term}`,
  );
  const held = positionAt(before, index);
  invariant(
    held?.term === term || lastOf(before).index <= index ||
      tail !== null && tail.from === index + 1,
    `Cannot keep entries beyond snapshot ${index}@${term}: the log holds ${index}@${held?.term} (S1)`,
  );
}

function checkTail(before: Persistent, { vote, snapshot, tail }: Save): void {
  if (tail === null) return;
  const base = snapshot?.last ?? baseOf(before);
  const last = Math.max(base.index, lastOf(before).index);
  invariant(
    tail.from > base.index && tail.from <= last + 1,
    `Cannot save entries from ${tail.from} on: the log goes from ${base.index + 1} to ${last}`,
  );
  const previous = tail.from - 1 === base.index ? base : positionAt(before, tail.from - 1);
  invariant(previous !== null, `Cannot save entries from ${tail.from} on: nothing is before them`);
  const gap = firstGap(previous, tail.entries);
  invariant(
    gap === null,
    `Cannot save entries behind ${previous.index}@${previous.term}: ${gap?.index}@${gap?.term} does not follow`,
  );
  const { term } = tail.entries.at(-1) ?? previous;
  invariant(
    term <= (vote ?? before).term,
    `Cannot save entries up to term ${term} in term ${(vote ?? before).term}`,
  );
}

/** The first entry that does not follow its predecessor (for the first, `base`); or `null`. */
export function firstGap(base: Position | Moment, entries: readonly Entry[]): Entry | null {
  let { index, term } = base;
  let times = "times" in base ? base.times : FIRST_TIMES;
  for (const entry of entries) {
    if (entry.index !== index + 1 || entry.term < term || goesBack(times, entry.times)) {
      return entry;
    }
    ({ index, term, times } = entry);
  }
  return null;
}
