/**
 * A state in memory alone: for labs, the simulator and tests. It answers like {@linkcode Tables}.
 *
 * @module
 */

import { invariant, type Moment } from "../../../raft/mod.ts";
import type { Entry } from "../files/mod.ts";
import { Holds } from "./holds.ts";
import { MemoryTable } from "./memory_table.ts";
import { bounded, visible, visibleBack } from "../merges/mod.ts";
import type { Range } from "./range.ts";
import type { State } from "./state.ts";

/** All versions that can still be read, in one memory table. */
export class MemoryState implements State {
  /** Nothing outlives the process. */
  readonly marks = [];
  readonly #table = new MemoryTable();
  readonly #holds = new Holds();
  #position: Moment = { index: 0, term: 0, times: { steady: 0, wall: 0 } };
  #oldest = 0;
  #deletions = 0;
  /** Deletions that are remembered, in the order of their revisions. */
  #deleted: Entry[] = [];

  get position(): Moment {
    return this.#position;
  }

  get oldest(): number {
    return this.#oldest;
  }

  get deletions(): number {
    return this.#deletions;
  }

  /** About how much memory the entries take. */
  get bytes(): number {
    return this.#table.bytes;
  }

  get(key: string, revision = Infinity): Entry | null {
    invariant(this.#canRead(revision), "a revision is read only while it is readable");
    const entry = this.#table.get(key, revision);
    return isForgotten(entry, this.#deletions) ? null : entry;
  }

  add(entry: Entry): void {
    this.#table.add(entry);
    if (entry.value === null) this.#deleted.push(entry);
  }

  *scan(range: Range): Generator<Entry> {
    const { from, to, at, reverse = false, deletions = Infinity } = range;
    const release = this.hold(at, deletions);
    try {
      const all = reverse ? this.#table.entriesBack(to) : this.#table.entries(from);
      const entries = bounded(all, range);
      yield* reverse ? visibleBack(entries, at, deletions) : visible(entries, at, deletions);
    } finally {
      release();
    }
  }

  hold(revision: number, deletions = Infinity): () => void {
    invariant(this.#canRead(revision), `revision ${revision} can be read: ${this.#oldest} can`);
    return this.#holds.hold(revision, deletions);
  }

  keepMarks(): void {}

  forget(horizon: number, deletions: number): void {
    this.#oldest = Math.max(this.#oldest, horizon);
    this.#deletions = Math.max(this.#deletions, deletions);
    const { oldest, oldestDeletions, revisions: held } = this.#holds;
    this.#table.forget({ horizon: this.#oldest, held });
    const floor = Math.min(this.#oldest, this.#deletions, oldest, oldestDeletions);
    const kept = this.#deleted.findIndex(({ revision }) => revision >= floor);
    for (const entry of this.#deleted.splice(0, kept < 0 ? this.#deleted.length : kept)) {
      if (this.#table.get(entry.key, Infinity) === entry) this.#table.remove(entry.key);
    }
  }

  advance(position: Moment): void {
    invariant(position.index >= this.#position.index, "the applied position never goes back");
    this.#position = position;
  }

  #canRead(revision: number): boolean {
    return revision >= this.#oldest || this.#holds.revisions.includes(revision);
  }
}

/** Whether an entry is a deletion that is no longer remembered. */
export function isForgotten(entry: Entry | null, deletions: number): boolean {
  return entry !== null && entry.value === null && entry.revision < deletions;
}
