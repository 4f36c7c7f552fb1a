/**
 * Every version of every key that can be read: those in memory, those that wait for their table file,
 * and those in tables.
 *
 * @module
 */

import { invariant, type Moment as LogMoment } from "../../raft/mod.ts";
import type { Entry, Table } from "./files/mod.ts";
import type { TableFiles } from "./folder/mod.ts";
import {
  bounded,
  comesBeforeBack,
  type Keep,
  merged,
  runsOf,
  tableFor,
  visible,
  visibleBack,
  within,
} from "./merges/mod.ts";
import { Holds, isForgotten, MemoryTable, type Range } from "./state/mod.ts";
import type { Moment } from "./stream.ts";

/** Writes that are no longer added to, until a table file holds them. */
export interface Frozen {
  readonly table: MemoryTable;
  readonly applied: LogMoment;
  readonly deletions: number;
  /** Ends the hold on the state at that position. */
  readonly release: () => void;
}

/** What can be read, and what must stay. */
export class Versions {
  readonly #files: TableFiles;
  #memory = new MemoryTable();
  #frozen: Frozen | null = null;
  /** What the tables and the memory hold of the log. */
  #position: LogMoment;
  /** State before this revision can no longer be read, unless it is held; never goes back. */
  #oldest: number;
  /** Deletions before this revision are forgotten at the position. */
  #deletions: number;
  /** Deletions before this revision may be missing. */
  #dropped: number;
  #holds = new Holds();
  /** Ends the hold on the state at the applied position, from which followers get their images. */
  #releaseApplied: () => void;
  #addedBytes = 0;

  /** Begins with tables alone, which hold everything from a revision on. */
  constructor(files: TableFiles, oldest: number) {
    this.#files = files;
    this.#position = files.applied;
    this.#oldest = oldest;
    this.#deletions = this.#dropped = files.deletions;
    this.#releaseApplied = this.#holdPosition();
  }

  get position(): LogMoment {
    return this.#position;
  }

  get oldest(): number {
    return this.#oldest;
  }

  get deletions(): number {
    return this.#deletions;
  }

  /** What no table file holds yet. */
  get memory(): MemoryTable {
    return this.#memory;
  }

  get frozen(): Frozen | null {
    return this.#frozen;
  }

  get memoryBytes(): number {
    return this.#memory.bytes + (this.#frozen?.table.bytes ?? 0);
  }

  /** The number of bytes that were ever added. */
  get addedBytes(): number {
    return this.#addedBytes;
  }

  canRead(revision: number): boolean {
    return revision >= this.#oldest || this.#holds.revisions.includes(revision);
  }

  canStream({ at, deletions }: Moment): boolean {
    return this.canRead(at) && at <= this.#position.index && deletions >= this.#dropped;
  }

  add(entry: Entry): void {
    invariant(
      entry.revision > this.#files.applied.index,
      "what the tables hold is not added again",
    );
    this.#memory.add(entry);
    this.#addedBytes += entry.key.length + (entry.value?.length ?? 0);
  }

  advance(position: LogMoment): void {
    invariant(position.index >= this.#position.index, "the applied position never goes back");
    this.#position = position;
  }

  forget(horizon: number, deletions: number): void {
    this.#oldest = Math.max(this.#oldest, horizon);
    this.#deletions = Math.max(this.#deletions, deletions);
    const keep = { horizon: this.#oldest, held: this.#holds.revisions };
    this.#memory.forget(keep);
  }

  get(key: string, revision: number): Entry | null {
    invariant(this.canRead(revision), `revision ${revision} can be read: ${this.#oldest} can`);
    const entry = this.#find(key, revision);
    return isForgotten(entry, this.#deletions) ? null : entry;
  }

  #find(key: string, revision: number): Entry | null {
    const recent = this.#memory.get(key, revision) ?? this.#frozen?.table.get(key, revision) ??
      null;
    if (recent !== null) return recent;
    const [newest = [], ...levels] = this.#files.levels;
    for (const table of newest) {
      const entry = table.get(key, revision);
      if (entry !== null) return entry;
    }
    for (const tables of levels) {
      const entry = tableFor(tables, key)?.get(key, revision) ?? null;
      if (entry !== null) return entry;
    }
    return null;
  }

  *scan(range: Range): Generator<Entry, void, void> {
    const { from, to, at, reverse = false, deletions = Infinity } = range;
    const runs = runsOf(this.#files.levels).map((tables) => within(tables, range));
    const memory = this.#frozen === null ? [this.#memory] : [this.#memory, this.#frozen.table];
    const sources = [
      ...memory.map((table) => reverse ? table.entriesBack(to) : table.entries(from)),
      ...runs.map((run) => reverse ? entriesBack(run, to) : entriesOf(run, from)),
    ];
    const release = this.hold(at, deletions);
    for (const table of runs.flat()) table.acquire();
    try {
      const entries = bounded(
        reverse ? merged(sources, comesBeforeBack) : merged(sources),
        range,
      );
      yield* reverse ? visibleBack(entries, at, deletions) : visible(entries, at, deletions);
    } finally {
      release();
      for (const table of runs.flat()) table.release();
    }
  }

  hold(revision: number, deletions = Infinity): () => void {
    invariant(this.canRead(revision), `revision ${revision} can be read: ${this.#oldest} can`);
    return this.#holds.hold(revision, deletions);
  }

  /** What has to stay, as of now. */
  keep(hasOlder: Keep["hasOlder"]): Keep {
    const { revisions: held, oldest, oldestDeletions } = this.#holds;
    const horizon = this.#oldest;
    const deletions = Math.min(horizon, oldest, oldestDeletions);
    this.#dropped = Math.max(this.#dropped, deletions);
    return { horizon, held, deletions, hasOlder };
  }

  /** From now on writes go to a new memory table, while the old one is written to a file. */
  freeze(): void {
    this.#frozen = {
      table: this.#memory,
      applied: this.#position,
      deletions: this.#deletions,
      release: this.#holdPosition(),
    };
    this.#memory = new MemoryTable();
  }

  /** Tables hold what was frozen. */
  written(frozen: Frozen): void {
    this.#frozen = null;
    this.#releaseApplied();
    this.#releaseApplied = frozen.release;
  }

  /** Another state is to take the place of this one: nothing before its position can be read. */
  replacing(position: LogMoment): void {
    this.#oldest = position.index;
  }

  /** Tables hold another state, and this memory is of the one before. */
  replaced(position: LogMoment, deletions: number): void {
    this.#deletions = this.#dropped = deletions;
    this.#memory = new MemoryTable();
    this.#frozen = null;
    this.#position = position;
    // What was held before is gone with the rest.
    this.#holds = new Holds();
    this.#releaseApplied = this.#holdPosition();
  }

  /**
   * Keeps the state at the position readable, and all that an image of it contains, or a replay of the
   * log from there has to find.
   */
  #holdPosition(): () => void {
    return this.#holds.hold(this.#position.index, this.#deletions);
  }
}

/** The entries of tables that do not overlap and are in the order of their keys. */
function* entriesOf(tables: readonly Table[], from: string): Generator<Entry, void, void> {
  for (const table of tables) yield* table.entries(from);
}

/** As {@linkcode entriesOf}, before a key and backward. */
function* entriesBack(tables: readonly Table[], to: string | null): Generator<Entry, void, void> {
  for (const table of tables.toReversed()) yield* table.entriesBack(to);
}
