/**
 * Storage in memory, for tests and simulation, and the meaning of a save as a pure function.
 *
 * It is not durable. What it promises: a save that resolved is never lost; a save under way at a
 * crash is lost whole, never in part, and never resolves.
 *
 * @module
 */

import { invariant } from "./invariant.ts";
import type { Clock, Storage } from "./ports.ts";
import type { Entry, Persistent, Position, Save, Snapshot, Tail } from "./types.ts";

/** The state of a server that never ran. */
export const EMPTY: Persistent = { term: 0, votedFor: null, snapshot: null, entries: [] };

/** Where the log ends if nothing is in it. */
const ORIGIN: Position = { index: 0, term: 0 };

/** How a {@linkcode MemoryStorage} takes time. */
export interface MemoryStorageOptions {
  /** What it starts with. @default {EMPTY} */
  readonly persistent?: Persistent;
  /** With a clock, each save takes the milliseconds that `delayMs` says for it. */
  readonly slow?: { readonly clock: Clock; readonly delayMs: (change: Save) => number };
}

/** Storage that lives as long as the object, across crashes of the node that uses it. */
export class MemoryStorage implements Storage {
  readonly #slow: MemoryStorageOptions["slow"];
  #persistent: Persistent;
  /** Counts crashes; a save of an earlier life has no effect. */
  #life = 0;

  constructor(options: MemoryStorageOptions = {}) {
    this.#persistent = options.persistent ?? EMPTY;
    this.#slow = options.slow;
  }

  /** What a crash now would leave. */
  get persistent(): Persistent {
    return this.#persistent;
  }

  /** What the next life finds. Also ends the life before it, as {@linkcode crash}. */
  load(): Promise<Persistent> {
    this.crash();
    return Promise.resolve(this.#persistent);
  }

  async save(change: Save): Promise<void> {
    const next = applySave(this.#persistent, change);
    if (this.#slow !== undefined) await this.#delay(this.#slow.delayMs(change));
    this.#persistent = next;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The saves under way are lost: they never take effect and never resolve. */
  crash(): void {
    this.#life++;
  }

  #delay(ms: number): Promise<void> {
    const life = this.#life;
    return new Promise((resolve) => {
      this.#slow?.clock.after(ms, () => {
        if (life === this.#life) resolve();
      });
    });
  }
}

/** The position that the log starts behind. */
export function baseOf(persistent: Persistent): Position {
  return persistent.snapshot?.last ?? ORIGIN;
}

/** The last position that the snapshot or the log holds. */
export function lastOf(persistent: Persistent): Position {
  return persistent.entries.at(-1) ?? baseOf(persistent);
}

/** What the disk holds after a save: the reference that every {@linkcode Storage} agrees with. */
export function applySave(before: Persistent, change: Save): Persistent {
  const vote = change.vote ?? before;
  invariant(
    vote.term > before.term ||
      vote.term === before.term &&
        (before.votedFor === null || vote.votedFor === before.votedFor),
    `Cannot save a vote that goes back: from ${before.votedFor} in term ${before.term}, ` +
      `to ${vote.votedFor} in term ${vote.term}`,
  );
  let after: Persistent = { ...before, term: vote.term, votedFor: vote.votedFor };
  if (change.snapshot !== null) after = applySnapshot(after, change.snapshot, change.tail);
  if (change.tail !== null) after = applyTail(after, change.tail);
  return after;
}

function applySnapshot(before: Persistent, snapshot: Snapshot, tail: Tail | null): Persistent {
  const { index, term } = snapshot.last;
  const base = baseOf(before);
  invariant(
    index >= base.index,
    `Cannot save snapshot ${index}: one of ${base.index} is held (S2)`,
  );
  const held = index === base.index ? base : before.entries[index - base.index - 1];
  const entries = before.entries.slice(index - base.index);
  invariant(
    held?.term === term || entries.length === 0 || tail !== null && tail.from <= index + 1,
    `Cannot keep entries beyond snapshot ${index}@${term}: the log holds ${index}@${held?.term} (S1)`,
  );
  return { ...before, snapshot, entries };
}

function applyTail(before: Persistent, tail: Tail): Persistent {
  const base = baseOf(before);
  const kept = tail.from - 1 - base.index;
  invariant(
    kept >= 0 && kept <= before.entries.length,
    `Cannot save entries from ${tail.from} on: the log goes from ${base.index + 1} ` +
      `to ${lastOf(before).index}`,
  );
  let previous = kept === 0 ? base : before.entries[kept - 1]!;
  const entries: Entry[] = before.entries.slice(0, kept);
  for (const entry of tail.entries) {
    invariant(
      entry.index === previous.index + 1 && entry.term >= previous.term,
      `Cannot save entry ${entry.index}@${entry.term} behind ${previous.index}@${previous.term}`,
    );
    entries.push(entry);
    previous = entry;
  }
  return { ...before, entries };
}
