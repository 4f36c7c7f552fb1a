/**
 * Several sorted runs of entries as one, and which versions a merge may leave out.
 *
 * @module
 */

import type { Entry } from "../files/mod.ts";
import { Heads } from "./heads.ts";

/** Entries in order: keys upward, versions of one key from new to old. */
export type Run = Iterator<Entry, void, void>;

/**
 * All entries of the runs in order. A version that two runs hold comes once, from the run that is
 * named first. Closing the generator closes the runs.
 */
export function* merged(
  runs: readonly Run[],
  isBefore: typeof comesBefore = comesBefore,
): Generator<Entry, void, void> {
  const heads = new Heads<Head>((one, other) =>
    isBefore(one.entry, other.entry) ||
    one.order < other.order && !isBefore(other.entry, one.entry)
  );
  try {
    for (const [order, run] of runs.entries()) {
      const { done, value } = run.next();
      if (!done) heads.add({ run, order, entry: value });
    }
    let last: Entry | null = null;
    for (let { first } = heads; first !== undefined; first = heads.first) {
      const { entry } = first;
      const isAgain = last !== null && isSameVersion(last, entry);
      last = entry;
      const { done, value } = first.run.next();
      if (done) heads.ended();
      else {
        first.entry = value;
        heads.moved();
      }
      if (!isAgain) yield entry;
    }
  } finally {
    for (const run of runs) run.return?.();
  }
}

/** A run that stands at an entry, and which of several it is. */
interface Head {
  readonly run: Run;
  readonly order: number;
  entry: Entry;
}

/** Whether an entry stands before another one. */
export function comesBefore(one: Entry, other: Entry): boolean {
  return one.key < other.key || one.key === other.key && one.revision > other.revision;
}

/** Whether an entry stands before another one when all are read backward. */
export function comesBeforeBack(one: Entry, other: Entry): boolean {
  return comesBefore(other, one);
}

function isSameVersion(one: Entry, other: Entry): boolean {
  return one.revision === other.revision && one.key === other.key;
}

/** What has to stay. */
export interface Keep {
  /** State at this revision and later ones stays readable. */
  readonly horizon: number;
  /** So does the state at each of these revisions. */
  readonly held: readonly number[];
  /** A deletion before this revision need not be remembered for the sake of its version number. */
  readonly deletions: number;
  /** Whether older entries of a key may lie in tables that are not part of this merge. */
  readonly hasOlder: (key: string) => boolean;
}

/** Whether a reader may still see a version that the next one, of revision `next`, replaced. */
export function isVisible(
  revision: number,
  next: number,
  { horizon, held }: Pick<Keep, "horizon" | "held">,
): boolean {
  if (next > horizon) return true;
  for (const at of held) if (revision <= at && at < next) return true;
  return false;
}

/**
 * Decides of one entry after the other, in order, which have to stay. A deletion at or below the horizon
 * goes only when nothing older of its key is left anywhere, or that would come back; so deletions are
 * forgotten only before all revisions that are held.
 */
export class Keeper {
  readonly #keep: Keep;
  #last = Infinity;

  /** Stands before the first entry. */
  constructor(keep: Keep) {
    this.#keep = keep;
  }

  /** Whether an entry has to stay; `isSameKey`: its key is that of the entry before. */
  keeps(entry: Version, isSameKey: boolean): boolean {
    const { revision, isDeletion } = entry;
    const { horizon, deletions } = this.#keep;
    const next = isSameKey ? this.#last : Infinity;
    this.#last = revision;
    if (!isVisible(revision, next, this.#keep)) return false;
    const isForgotten = isDeletion && revision <= horizon && revision < deletions;
    return !isForgotten || this.#keep.hasOlder(entry.key);
  }
}

/** What is to be known of an entry to decide whether it stays. */
interface Version {
  readonly key: string;
  readonly revision: number;
  readonly isDeletion: boolean;
}

/** The entries that have to stay, as {@linkcode Keeper} decides. */
export function* kept(entries: Iterable<Entry>, keep: Keep): Generator<Entry, void, void> {
  const keeper = new Keeper(keep);
  let last: string | null = null;
  for (const entry of entries) {
    const { key, revision, value } = entry;
    if (keeper.keeps({ key, revision, isDeletion: value === null }, key === last)) yield entry;
    last = key;
  }
}

/**
 * The state at a revision: of each key the newest version up to it, if that is no deletion before
 * the other revision.
 */
export function* visible(
  entries: Iterable<Entry>,
  revision: number,
  deletions = Infinity,
): Generator<Entry, void, void> {
  let key: string | null = null;
  for (const entry of entries) {
    if (entry.key === key || entry.revision > revision) continue;
    key = entry.key;
    if (entry.value !== null || entry.revision >= deletions) yield entry;
  }
}

/** Where a range begins, ends, and which way it is read. */
export interface Bounds {
  readonly from: string;
  /** `null`: there is no end. */
  readonly to: string | null;
  readonly reverse?: boolean;
}

/**
 * The entries of a range: it ends the reading at its bound, also where nothing visible is behind that.
 */
export function* bounded(
  entries: Iterable<Entry>,
  { from, to, reverse = false }: Bounds,
): Generator<Entry, void, void> {
  for (const entry of entries) {
    if (reverse ? entry.key < from : to !== null && entry.key >= to) return;
    yield entry;
  }
}

/** As {@linkcode visible}, of entries that come backward: versions of one key from old to new. */
export function* visibleBack(
  entries: Iterable<Entry>,
  revision: number,
  deletions = Infinity,
): Generator<Entry, void, void> {
  let newest: Entry | null = null;
  const isShown = (entry: Entry | null): entry is Entry =>
    entry !== null && (entry.value !== null || entry.revision >= deletions);
  for (const entry of entries) {
    if (entry.key !== newest?.key) {
      if (isShown(newest)) yield newest;
      newest = null;
    }
    if (entry.revision <= revision) newest = entry;
  }
  if (isShown(newest)) yield newest;
}
