/**
 * What a batch has changed so far, in front of the state: its operations see the changes of those
 * before them, and the state sees all of them at once, or none.
 *
 * @module
 */

import {
  ENTRY_HEAD_BYTES,
  type FoundEntry,
  isSystemKey,
  type Key,
  SYSTEM_KEYS,
} from "../command/mod.ts";
import type { Entry, State } from "../tables/mod.ts";

/** A part of the keys, in order or against it. */
export interface KeyRange {
  readonly start: Key;
  /** The key behind the last one; `null`: to the end. */
  readonly end: Key | null;
  readonly reverse: boolean;
}

/** One changed key: what it is, and what it was. */
export interface Change {
  /** What it is. */
  readonly entry: Entry;
  /** What it was; `null`: the key was never written, as far as is remembered. */
  readonly previous: Entry | null;
}

/** All that one revision changed. */
export interface ChangeGroup {
  /** The revision. */
  readonly revision: number;
  /** One for each key, in the order in which they were first changed. */
  readonly changes: readonly Change[];
}

/** What wants to hear of changes. */
export interface StoreObserver {
  /** A command was applied that changed these keys. */
  changed(group: ChangeGroup): void;
  /** The state was replaced by that of a revision; what led there is not known here. */
  replaced(revision: number): void;
}

/** The state with changes that are not made yet. */
export class Draft {
  readonly #state: State;
  readonly #at: number;
  readonly #changes = new Map<Key, Change>();

  /** Changes nothing. `at` is the revision whose state is read below the changes. */
  constructor(state: State, at: number) {
    this.#state = state;
    this.#at = at;
  }

  /** The changes, one for each key, in the order in which the keys were first changed. */
  get changes(): readonly Change[] {
    return [...this.#changes.values()];
  }

  /** What the changed keys are now. */
  *changed(): Generator<Entry, void, void> {
    for (const { entry } of this.#changes.values()) yield entry;
  }

  /** The newest version of a key, a deletion included. */
  get(key: Key): Entry | null {
    return this.#changes.get(key)?.entry ?? this.#state.get(key, this.#at);
  }

  /** Changes a key. */
  set(entry: Entry): void {
    const previous = this.#changes.get(entry.key)?.previous;
    this.#changes.set(entry.key, {
      entry,
      previous: previous === undefined ? this.#state.get(entry.key, this.#at) : previous,
    });
  }

  /** The entries of a range that exist (O4, O6). */
  scan({ start, end, reverse }: KeyRange): Generator<Entry, void, void> {
    // The store's own keys are behind all others, and belong to no range.
    const to = end === null || end > SYSTEM_KEYS ? SYSTEM_KEYS : end;
    return this.scanAll({ start, end: to, reverse });
  }

  /** As {@linkcode scan}, and a range may hold the store's own keys. */
  *scanAll({ start, end, reverse }: KeyRange): Generator<Entry, void, void> {
    const isBefore = (one: Key, other: Key): boolean => reverse ? one > other : one < other;
    const changed = [...this.#changes.keys()]
      .filter((key) => key >= start && (end === null || key < end))
      .sort((one, other) => isBefore(one, other) ? -1 : 1);
    let place = 0;
    for (const entry of this.#state.scan({ from: start, to: end, at: this.#at, reverse })) {
      for (; place < changed.length && isBefore(changed[place]!, entry.key); place++) {
        const { entry: fresh } = this.#changes.get(changed[place]!)!;
        if (fresh.value !== null) yield fresh;
      }
      if (changed[place] !== entry.key) yield entry;
    }
    for (; place < changed.length; place++) {
      const { entry: fresh } = this.#changes.get(changed[place]!)!;
      if (fresh.value !== null) yield fresh;
    }
  }
}

/** When a key ends. */
export type Ending = Pick<Entry, "expires" | "lease">;

/** The end of a key that does not end by itself. */
export const NO_ENDING: Ending = { expires: 0, lease: 0 };

/** The next version of a key. Its version never goes back, also over deletions. */
export function written(
  before: Entry | null,
  { key, value, revision, lease = 0, expires = 0 }: {
    readonly key: Key;
    readonly value: Uint8Array | null;
    readonly revision: number;
    readonly lease?: number;
    readonly expires?: number;
  },
): Entry {
  const isNew = before === null || before.value === null;
  return {
    key: before?.key ?? key,
    value,
    revision,
    version: (before?.version ?? 0) + 1,
    created: isNew ? revision : before.created,
    lease,
    expires,
  };
}

/** A batch cannot be executed as it is. */
export class InvalidBatch extends Error {
  override name = "InvalidBatch";
}

/** Whether observers hear of a change: most touch no key of the store's own, and need no copy of the list. */
export function isShown({ entry }: Change): boolean {
  return !isSystemKey(entry.key);
}

/** What an entry takes in a result. */
export function sizeOf({ key, value }: Entry): number {
  return ENTRY_HEAD_BYTES + key.length + (value?.length ?? 0);
}

/** An entry as reads return it. */
export function found(
  { key, value, version, created, revision, lease, expires }: Entry,
  hasValue: boolean,
): FoundEntry {
  const entry = { key, value: hasValue ? value : null, version, created, revision };
  // Most entries have neither, and a spread of nothing costs as much as all else.
  if (lease === 0 && expires === 0) return entry;
  return { ...entry, ...lease === 0 ? {} : { lease }, ...expires === 0 ? {} : { expires } };
}
