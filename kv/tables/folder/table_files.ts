/**
 * The tables of a folder, in levels, and the manifest that names them: every change of the levels is
 * durable before it counts.
 *
 * @module
 */

import type { Members, Moment as LogMoment } from "../../../raft/mod.ts";
import {
  BlockCache,
  EMPTY_MANIFEST,
  type Entry,
  type Manifest,
  type Mark,
  type Table,
  writeManifest,
} from "../files/mod.ts";
import { type MergedPasses, sizeOf } from "../merges/mod.ts";
import { openTables } from "./open_tables.ts";
import type { TablesOptions } from "./options.ts";
import { type WriteOptions, writeTables } from "./write_tables.ts";

/** Tables from the newest to the oldest; of a level but the first none overlap. */
export type Levels = readonly (readonly Table[])[];

/** The position of the log up to which the tables hold everything. */
interface Held {
  readonly applied: LogMoment;
  /** Deletions before this revision were forgotten there. */
  readonly deletions: number;
}

/** The tables of one folder. */
export class TableFiles {
  readonly #options: Required<TablesOptions>;
  readonly #cache: BlockCache;
  #levels: Levels = [];
  #held: Held = EMPTY_MANIFEST;
  #members = EMPTY_MANIFEST.members;
  #next = EMPTY_MANIFEST.next;
  /** The manifest that is being written. */
  #installing: Promise<void> = Promise.resolve();
  #marks: readonly Mark[] = [];
  #marksUpTo: (revision: number) => readonly Mark[] = () => [];
  #notRemoved = 0;
  #writtenBytes = 0;

  /** Empty until it is loaded. */
  constructor(options: Required<TablesOptions>) {
    this.#options = options;
    this.#cache = new BlockCache(options.cacheBytes);
  }

  /** Loads what the folder holds, and removes files that the manifest does not name. */
  async load(): Promise<Pick<Manifest, "horizon">> {
    const { levels, manifest } = await openTables(this.#options, this.#cache);
    const { applied, deletions, next, members, horizon, marks } = manifest;
    this.#levels = levels;
    this.#held = { applied, deletions };
    this.#next = next;
    this.#members = members;
    this.#marks = marks;
    return { horizon };
  }

  get levels(): Levels {
    return this.#levels;
  }

  /** The members in the last image that came from another server; `null`: none came. */
  get members(): Members | null {
    return this.#members;
  }

  /** See `State.marks`: as the last start found them. Another state has none. */
  get marks(): readonly Mark[] {
    return this.#members === null ? this.#marks : [];
  }

  /** See `State.keepMarks`. */
  keepMarks(marksUpTo: (revision: number) => readonly Mark[]): void {
    this.#marksUpTo = marksUpTo;
  }

  /** What the tables hold of the log. */
  get applied(): LogMoment {
    return this.#held.applied;
  }

  /** Deletions before this revision were forgotten there: a replay of the log needs all later ones. */
  get deletions(): number {
    return this.#held.deletions;
  }

  /** The number of bytes that the files have. */
  get bytes(): number {
    return this.#levels.reduce((sum, tables) => sum + sizeOf(tables), 0);
  }

  /** A look from outside. */
  status(): {
    readonly tables: readonly number[];
    readonly cacheBytes: number;
    readonly writtenBytes: number;
    readonly notRemoved: number;
  } {
    return {
      tables: this.#levels.map((tables) => tables.length),
      cacheBytes: this.#cache.bytes,
      writtenBytes: this.#writtenBytes,
      notRemoved: this.#notRemoved,
    };
  }

  /** Writes entries into tables that no manifest names yet. */
  async write(
    entries: Iterable<Entry> | MergedPasses,
    options: WriteOptions,
  ): Promise<readonly Table[]> {
    const outputs = await writeTables(entries, options);
    this.#writtenBytes += sizeOf(outputs);
    return outputs;
  }

  writeOptions(tableBytes: number): WriteOptions {
    const { files, clock } = this.#options;
    return { files, clock, cache: this.#cache, tableBytes, takeNumber: () => this.#next++ };
  }

  /**
   * Makes a change of the levels, durable first, and the position that the tables then hold, if it
   * changes. One manifest is written at a time, each from what the one before it made.
   */
  async install(
    change: (levels: Levels) => Levels,
    { held, oldest, members = this.#members }: {
      readonly held: Held | null;
      readonly oldest: () => number;
      /** `null`: from now on the log has all that is in the tables, and knows the members itself. */
      readonly members?: Members | null;
    },
  ): Promise<void> {
    const before = this.#installing;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#installing = promise;
    await before;
    try {
      const levels = change(this.#levels);
      const named = levels.map((tables) =>
        tables.map(({ number, checksum }) => ({ number, checksum }))
      );
      const { applied, deletions } = held ?? this.#held;
      // The state at the applied position is held, and what came after it will be applied again.
      const horizon = Math.min(oldest(), applied.index);
      const marks = this.#marksUpTo(applied.index).filter(({ revision }) => revision >= horizon);
      const next = this.#next;
      const manifest = { applied, horizon, deletions, marks, next, levels: named, members };
      await writeManifest(this.#options.files, manifest);
      this.#levels = levels;
      this.#members = members;
      this.#held = { applied, deletions };
    } finally {
      resolve();
    }
  }

  /** Removes the file of a table that no manifest names, when the last reader is done with it. */
  discard(table: Table): void {
    // A file that cannot be removed now is removed at the next start.
    table.whenUnused(() => {
      this.#options.files.remove(table.name).catch(() => this.#notRemoved++);
    });
    table.release();
  }

  /** Closes all files. Scans that are under way keep theirs until they end. */
  close(): void {
    for (const table of this.#levels.flat()) table.release();
    this.#levels = [];
  }
}
