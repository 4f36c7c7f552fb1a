/**
 * Sorted state that is larger than memory: the newest writes in a memory table, all others in table
 * files that never change. The log is the write-ahead log of the memory table: after a crash what is
 * behind {@linkcode Tables.applied} is applied again.
 *
 * Invariants:
 * - What the manifest names is durable, and is never ahead of what the log has durable.
 * - A version that a reader may still want is in memory or in a table until the reader is done.
 * - Of two entries of one key, the newer lies in memory or on the same or a higher level.
 *
 * @module
 */

import {
  type Index,
  invariant,
  type Members,
  type Moment as LogMoment,
  type Snapshot,
} from "../../raft/mod.ts";
import { BlockCache, EMPTY_MANIFEST, type Entry, type Table, writeManifest } from "./files/mod.ts";
import { Import } from "./import.ts";
import {
  bounded,
  comesBeforeBack,
  isBelow,
  type Keep,
  kept,
  levelFor,
  merged,
  type MergePlan,
  planAll,
  planMerge,
  replaceTables,
  sizeOf,
  visible,
  visibleBack,
} from "./merges/mod.ts";
import { openTables } from "./open_tables.ts";
import { DEFAULTS, type TablesOptions } from "./options.ts";
import { Holds, isForgotten, MemoryTable, Past, type Range, type State } from "./state/mod.ts";
import { Slices } from "./slices.ts";
import type { Moment } from "./stream.ts";
import type { TablesStatus } from "./status.ts";
import { restOf, type WriteOptions, writeTables } from "./write_tables.ts";

/** Writes that are no longer added to, until a table file holds them. */
interface Frozen {
  readonly table: MemoryTable;
  readonly applied: LogMoment;
  readonly deletions: number;
  /** Ends the hold on the state at that position. */
  readonly release: () => void;
}

/** Rests between slices of two milliseconds: a flush takes half of the thread, a merge a fifth. */
const FLUSH_REST_MS = 2;
const MERGE_REST_MS = 8;

/** What runs in the background, one of each kind at a time. */
type Work = "write" | "merge";

/** A sorted, versioned, durable map. */
export class Tables implements State {
  readonly #options: Required<TablesOptions>;
  readonly #cache: BlockCache;
  #memory = new MemoryTable();
  #frozen: Frozen | null = null;
  #past = new Past();
  #levels: readonly (readonly Table[])[] = [];
  /** What the tables hold of the log. */
  #applied: LogMoment = EMPTY_MANIFEST.applied;
  /** What the tables and the memory hold of the log. */
  #position: LogMoment = EMPTY_MANIFEST.applied;
  #members = EMPTY_MANIFEST.members;
  #next = EMPTY_MANIFEST.next;
  /** State before this revision can no longer be read, unless it is held; never goes back. */
  #oldest = EMPTY_MANIFEST.horizon;
  /** Deletions before this revision are forgotten at the position. */
  #deletions = EMPTY_MANIFEST.deletions;
  /** Deletions before this revision may be missing. */
  #dropped = EMPTY_MANIFEST.deletions;
  /** As `#deletions`, at the applied position: a replay of the log from there needs all later ones. */
  #appliedDeletions = EMPTY_MANIFEST.deletions;
  #holds = new Holds();
  /** Ends the hold on the state at the applied position, from which followers get their images. */
  #releaseApplied = (): void => {};
  readonly #working = new Set<Work>();
  /** The manifest that is being written. */
  #installing: Promise<void> = Promise.resolve();
  #mustFlush = false;
  #mustCompact = false;
  #turn = 0;
  #notRemoved = 0;
  #addedBytes = 0;
  #writtenBytes = 0;

  /** Empty until it is loaded. */
  constructor(options: TablesOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#cache = new BlockCache(this.#options.cacheBytes);
  }

  /** Loads what the folder holds, and removes files that the manifest does not name. */
  async load(): Promise<void> {
    const { levels, manifest } = await openTables(this.#options, this.#cache);
    this.#levels = levels;
    this.#applied = this.#position = manifest.applied;
    this.#oldest = manifest.horizon;
    this.#deletions = this.#appliedDeletions = this.#dropped = manifest.deletions;
    this.#next = manifest.next;
    this.#members = manifest.members;
    this.#releaseApplied = this.#holdPosition();
  }

  /** The members in the last image that came from another server; `null`: none came. */
  get members(): Members | null {
    return this.#members;
  }

  /** What is in table files: the log behind this position is needed after a crash. */
  get applied(): LogMoment {
    return this.#applied;
  }

  /** What is in table files or memory. */
  get position(): LogMoment {
    return this.#position;
  }

  /** State at this revision and later ones can be read. */
  get oldest(): number {
    return this.#oldest;
  }

  get deletions(): number {
    return this.#deletions;
  }

  /** From 0, no hurry, to 1: writes must wait until merges have caught up. */
  get pressure(): number {
    const { memoryBytes, level0Tables } = this.#options;
    const tables = (this.#levels[0]?.length ?? 0) / (4 * level0Tables);
    const memory = this.#frozen === null ? 0 : this.#memory.bytes / (2 * memoryBytes);
    return Math.min(1, Math.max(tables, memory));
  }

  /** The number of bytes that the table files have. */
  get bytes(): number {
    return this.#levels.reduce((sum, tables) => sum + sizeOf(tables), 0);
  }

  /** As {@linkcode State.deletions}, at the applied position. */
  get appliedDeletions(): number {
    return this.#appliedDeletions;
  }

  /** Whether the state at a revision can be read. */
  canRead(revision: number): boolean {
    return revision >= this.#oldest || this.#holds.revisions.includes(revision);
  }

  /** Whether the whole state of a moment can be read, its deletions included. */
  canStream({ at, deletions }: Moment): boolean {
    return this.canRead(at) && at <= this.#position.index && deletions >= this.#dropped;
  }

  /** A look from outside. */
  status(): TablesStatus {
    return {
      tables: this.#levels.map((tables) => tables.length),
      bytes: this.bytes,
      memoryBytes: this.#memory.bytes + (this.#frozen?.table.bytes ?? 0) + this.#past.bytes,
      cacheBytes: this.#cache.bytes,
      addedBytes: this.#addedBytes,
      writtenBytes: this.#writtenBytes,
      notRemoved: this.#notRemoved,
      pressure: this.pressure,
      isCompacting: this.#mustCompact && (this.mustWrite || this.#levels.length > 0),
      applied: this.#applied.index,
      oldest: this.#oldest,
    };
  }

  /** Adds a version of a key. Its revision is at least that of every entry before. */
  add(entry: Entry): void {
    invariant(entry.revision > this.#applied.index, "what the tables hold is not added again");
    this.#memory.add(entry);
    this.#addedBytes += entry.key.length + (entry.value?.length ?? 0);
  }

  /** Everything up to this position of the log was added. */
  advance(position: LogMoment): void {
    invariant(position.index >= this.#position.index, "the applied position never goes back");
    this.#position = position;
  }

  forget(horizon: number, deletions: number): void {
    this.#oldest = Math.max(this.#oldest, horizon);
    this.#deletions = Math.max(this.#deletions, deletions);
    const keep = { horizon: this.#oldest, held: this.#holds.revisions };
    this.#memory.forget(keep);
    this.#past.forget(keep);
  }

  get(key: string, revision = Infinity): Entry | null {
    invariant(this.canRead(revision), `revision ${revision} can be read: ${this.#oldest} can`);
    const entry = this.#find(key, revision);
    return isForgotten(entry, this.#deletions) ? null : entry;
  }

  #find(key: string, revision: number): Entry | null {
    const recent = this.#memory.get(key, revision) ?? this.#frozen?.table.get(key, revision) ??
      this.#past.get(key, revision);
    if (recent !== null) return recent;
    for (const tables of this.#levels) {
      for (const table of tables) {
        const entry = table.get(key, revision);
        if (entry !== null) return entry;
      }
    }
    return null;
  }

  *scan(range: Range): Generator<Entry, void, void> {
    const { from, to, at, reverse = false, deletions = Infinity } = range;
    const tables = this.#levels.flat();
    const memory = this.#frozen === null ? [this.#memory] : [this.#memory, this.#frozen.table];
    const runs = [...memory, ...this.#past.tablesAt(at), ...tables]
      .map((table) => reverse ? table.entriesBack(to) : table.entries(from));
    const release = this.hold(at, deletions);
    for (const table of tables) table.acquire();
    try {
      const entries = bounded(reverse ? merged(runs, comesBeforeBack) : merged(runs), range);
      yield* reverse ? visibleBack(entries, at, deletions) : visible(entries, at, deletions);
    } finally {
      release();
      for (const table of tables) table.release();
    }
  }

  hold(revision: number, deletions = Infinity): () => void {
    invariant(this.canRead(revision), `revision ${revision} can be read: ${this.#oldest} can`);
    return this.#holds.hold(revision, deletions);
  }

  /** Whether {@linkcode writeMemory} has something to do. */
  get mustWrite(): boolean {
    return this.#frozen !== null || this.#isFull;
  }

  /** Whether {@linkcode merge} has something to do. */
  get mustMerge(): boolean {
    return this.#plan() !== null;
  }

  /** Whether anything waits to be done in the background. */
  get hasWork(): boolean {
    return this.mustWrite || this.mustMerge;
  }

  /**
   * Writes the older part of what is in memory into a table file, in slices between which others have
   * the thread. False: nothing was done, or the log has to have more durable first. Calls do not
   * overlap each other, but {@linkcode merge} may run beside it. What it throws has changed nothing,
   * and it may be called again.
   *
   * @param durable The log's durable position: no table gets ahead of it.
   */
  async writeMemory(durable: Index): Promise<boolean> {
    if (this.#frozen === null && this.#isFull) this.#freeze();
    const frozen = this.#frozen;
    if (frozen === null || frozen.applied.index > durable) return false;
    await this.#alone("write", () => this.#write(frozen));
    return true;
  }

  /** Does the merge that is needed most, as {@linkcode writeMemory} works. False: none is needed. */
  async merge(): Promise<boolean> {
    const plan = this.#plan();
    if (plan === null) return false;
    await this.#alone("merge", () => this.#merge(plan));
    return true;
  }

  /** One piece of background work; false: nothing can be done now. */
  async work(durable: Index): Promise<boolean> {
    return await this.writeMemory(durable) || await this.merge();
  }

  /** What is in memory now will be written with the next work, however little it is. */
  flushSoon(): void {
    this.#mustFlush = this.#position.index > this.#applied.index;
  }

  /** Everything will be written, and merged into one level, with the next work. */
  compactSoon(): void {
    this.flushSoon();
    this.#mustCompact = true;
  }

  /** Writes everything in memory into table files, for a clean stop. */
  async flush(durable: Index): Promise<void> {
    while (this.#position.index > this.#applied.index) {
      if (this.#frozen === null) this.#freeze();
      if (this.#frozen!.applied.index > durable) return;
      await this.writeMemory(durable);
    }
  }

  /** Merges all tables into one level, for the impatient. */
  async compact(): Promise<void> {
    const plan = planAll(this.#levels);
    if (plan !== null) await this.#alone("merge", () => this.#merge(plan));
  }

  /** Begins to take in the state of another server. */
  import(): Import {
    return new Import(this.#writeOptions(this.#options.tableBytes));
  }

  /**
   * Replaces everything by a state that has arrived whole. What is in memory goes with the rest: the
   * position of the new state is ahead of it.
   */
  async replace(
    arrived: Import,
    { last: position, members }: Pick<Snapshot, "last" | "members">,
  ): Promise<void> {
    const { moment } = arrived;
    invariant(arrived.isComplete && moment !== null, "a state has arrived whole");
    invariant(moment.at === position.index, "a state is that at its position");
    invariant(position.index > this.#position.index, "the applied position never goes back");
    await this.#alone("write", () =>
      this.#alone("merge", async () => {
        const tables = await arrived.finish();
        const before = this.#levels.flat();
        const level = levelFor(sizeOf(tables), this.#options);
        this.#oldest = position.index;
        const { deletions } = moment;
        this.#members = members;
        const levels = [...Array.from({ length: level }, () => []), tables];
        await this.#install(() => levels, { applied: position, deletions });
        this.#deletions = this.#dropped = deletions;
        this.#memory = new MemoryTable();
        this.#frozen = null;
        this.#past = new Past();
        this.#position = position;
        // What was held before is gone with the rest.
        this.#holds = new Holds();
        this.#releaseApplied = this.#holdPosition();
        for (const table of before) this.#discard(table);
      }));
  }

  /** Closes all files. Scans that are under way keep theirs until they end. */
  close(): void {
    for (const table of this.#levels.flat()) table.release();
    this.#levels = [];
  }

  get #isFull(): boolean {
    const { memoryBytes, replacedFactor } = this.#options;
    const { bytes, newestBytes } = this.#memory;
    return newestBytes >= memoryBytes || bytes >= replacedFactor * memoryBytes || this.#mustFlush;
  }

  #plan(): MergePlan<Table> | null {
    const all = this.#mustCompact && !this.mustWrite ? planAll(this.#levels) : null;
    return all ?? planMerge(this.#levels, this.#options, this.#turn);
  }

  #freeze(): void {
    this.#frozen = {
      table: this.#memory,
      applied: this.#position,
      deletions: this.#deletions,
      release: this.#holdPosition(),
    };
    this.#memory = new MemoryTable();
    this.#mustFlush = false;
  }

  /**
   * Keeps the state at the position readable, and all that an image of it contains, or a replay of the
   * log from there has to find.
   */
  #holdPosition(): () => void {
    return this.#holds.hold(this.#position.index, this.#deletions);
  }

  /** Runs work of a kind that does not run yet. */
  async #alone(kind: Work, run: () => Promise<void>): Promise<void> {
    invariant(!this.#working.has(kind), `one ${kind} at a time`);
    this.#working.add(kind);
    try {
      await run();
    } finally {
      this.#working.delete(kind);
    }
  }

  /** Writes what can be seen at the applied position and where it is held; the rest is past. */
  async #write(frozen: Frozen): Promise<void> {
    const { table, applied } = frozen;
    const rest = await restOf(table, new Slices(this.#options.clock, () => FLUSH_REST_MS));
    const keep = { ...this.#keep(() => true), horizon: applied.index };
    const isHeld = keep.held.some((at) => at >= table.firstRevision && at < applied.index);
    const entries = isHeld ? kept(table.entries(""), keep) : table.newest();
    const options = { ...this.#writeOptions(Infinity), restMs: () => FLUSH_REST_MS };
    const outputs = await this.#writeTables(entries, options);
    await this.#install(([newest = [], ...others]) => [[...outputs, ...newest], ...others], frozen);
    this.#frozen = null;
    this.#past.add(rest, keep.held);
    this.#releaseApplied();
    this.#releaseApplied = frozen.release;
  }

  async #merge(plan: MergePlan<Table>): Promise<void> {
    this.#turn++;
    const levels = this.#levels;
    const keep = this.#keep((key) => isBelow(levels, plan.level, key));
    const runs = plan.inputs.map((table) => table.entries(""));
    // Merges have time until new tables gather: then they hurry.
    const restMs = (): number => MERGE_REST_MS * Math.max(0, 1 - 2 * this.pressure);
    const options = { ...this.#writeOptions(this.#options.tableBytes), restMs };
    const outputs = await this.#writeTables(kept(merged(runs), keep), options);
    await this.#install((now) => replaceTables(now, plan, outputs), null);
    if (plan.inputs.length === levels.flat().length) this.#mustCompact = false;
    for (const table of plan.inputs) this.#discard(table);
  }

  /** What has to stay, as of now. */
  #keep(hasOlder: Keep["hasOlder"]): Keep {
    const { revisions: held, oldest, oldestDeletions } = this.#holds;
    const horizon = this.#oldest;
    const deletions = Math.min(horizon, oldest, oldestDeletions);
    this.#dropped = Math.max(this.#dropped, deletions);
    return { horizon, held, deletions, hasOlder };
  }

  async #writeTables(
    entries: Iterable<Entry>,
    options: WriteOptions,
  ): Promise<readonly Table[]> {
    const outputs = await writeTables(entries, options);
    this.#writtenBytes += sizeOf(outputs);
    return outputs;
  }

  #writeOptions(tableBytes: number): WriteOptions {
    const { files, clock } = this.#options;
    return { files, clock, cache: this.#cache, tableBytes, takeNumber: () => this.#next++ };
  }

  /**
   * Makes a change of the levels, durable first, and the position that the tables then hold, if it
   * changes. One manifest is written at a time, each from what the one before it made.
   */
  async #install(
    change: (levels: readonly (readonly Table[])[]) => readonly (readonly Table[])[],
    held: Pick<Frozen, "applied" | "deletions"> | null,
  ): Promise<void> {
    const before = this.#installing;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#installing = promise;
    await before;
    try {
      const levels = change(this.#levels);
      const numbers = levels.map((tables) => tables.map(({ number }) => number));
      const { applied, deletions } = held ??
        { applied: this.#applied, deletions: this.#appliedDeletions };
      // Versions before the applied position may be in memory alone.
      const horizon = Math.max(this.#oldest, applied.index);
      const [next, members] = [this.#next, this.#members];
      const manifest = { applied, horizon, deletions, next, levels: numbers, members };
      await writeManifest(this.#options.files, manifest);
      this.#levels = levels;
      this.#applied = applied;
      this.#appliedDeletions = deletions;
    } finally {
      resolve();
    }
  }

  /** Removes the file of a table that no manifest names, when the last reader is done with it. */
  #discard(table: Table): void {
    // A file that cannot be removed now is removed at the next start.
    table.whenUnused(() => {
      this.#options.files.remove(table.name).catch(() => this.#notRemoved++);
    });
    table.release();
  }
}
