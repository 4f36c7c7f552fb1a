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
import { EMPTY_MANIFEST, type Entry, type Mark, type Table } from "./files/mod.ts";
import { DEFAULTS, TableFiles, type TablesOptions } from "./folder/mod.ts";
import { Import } from "./import.ts";
import { type MergePlan, planAll, planMerge, Pressure } from "./merges/mod.ts";
import type { Range, State } from "./state/mod.ts";
import type { Moment } from "./stream.ts";
import type { TablesStatus } from "./status.ts";
import { Versions } from "./versions.ts";
import { mergeTables, type Place, replaceState, writeFrozen } from "./work.ts";

/** Rests between slices of two milliseconds: a flush takes half of the thread, a merge a fifth. */
const FLUSH_REST_MS = 2;
const MERGE_REST_MS = 8;

/** What runs in the background, one of each kind at a time. */
type Work = "write" | "merge";

/** A sorted, versioned, durable map. */
export class Tables implements State {
  readonly #options: Required<TablesOptions>;
  readonly #files: TableFiles;
  #versions: Versions;
  readonly #working = new Set<Work>();
  #mustFlush = false;
  #mustCompact = false;
  #turn = 0;
  readonly #pressure: Pressure;

  /** Empty until it is loaded. */
  constructor(options: TablesOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#files = new TableFiles(this.#options);
    this.#pressure = new Pressure(this.#options);
    this.#versions = new Versions(this.#files, EMPTY_MANIFEST.horizon);
  }

  /** Loads what the folder holds, and removes files that the manifest does not name. */
  async load(): Promise<void> {
    const { horizon } = await this.#files.load();
    this.#versions = new Versions(this.#files, horizon);
  }

  /** The members in an image of another server that the tables hold; `null`: they come from the log. */
  get members(): Members | null {
    return this.#files.members;
  }

  /** What is in table files: the log behind this position is needed after a crash. */
  get applied(): LogMoment {
    return this.#files.applied;
  }

  /** What is in table files or memory. */
  get position(): LogMoment {
    return this.#versions.position;
  }

  /** State at this revision and later ones can be read. */
  get oldest(): number {
    return this.#versions.oldest;
  }

  get deletions(): number {
    return this.#versions.deletions;
  }

  /** From 0, no hurry, to 1: writes must wait until merges have caught up. */
  get pressure(): number {
    const { frozen, memory } = this.#versions;
    return this.#pressure.of(frozen === null ? 0 : memory.bytes, this.#files.levels);
  }

  /** The number of bytes that the table files have. */
  get bytes(): number {
    return this.#files.bytes;
  }

  /** As {@linkcode State.deletions}, at the applied position. */
  get appliedDeletions(): number {
    return this.#files.deletions;
  }

  /** Whether the state at a revision can be read. */
  canRead(revision: number): boolean {
    return this.#versions.canRead(revision);
  }

  /** Whether the whole state of a moment can be read, its deletions included. */
  canStream(moment: Moment): boolean {
    return this.#versions.canStream(moment);
  }

  /** A look from outside. */
  status(): TablesStatus {
    const { memoryBytes, addedBytes } = this.#versions;
    return {
      ...this.#files.status(),
      ...{ bytes: this.bytes, memoryBytes, addedBytes, pressure: this.pressure },
      isCompacting: this.#mustCompact && (this.mustWrite || this.#files.levels.length > 0),
      ...{ applied: this.applied.index, oldest: this.oldest },
    };
  }

  /** Adds a version of a key. Its revision is at least that of every entry before. */
  add(entry: Entry): void {
    this.#versions.add(entry);
  }

  /** Everything up to this position of the log was added. */
  advance(position: LogMoment): void {
    this.#versions.advance(position);
  }

  forget(horizon: number, deletions: number): void {
    this.#versions.forget(horizon, deletions);
  }

  get marks(): readonly Mark[] {
    return this.#files.marks;
  }

  keepMarks(marksUpTo: (revision: number) => readonly Mark[]): void {
    this.#files.keepMarks(marksUpTo);
  }

  get(key: string, revision = Infinity): Entry | null {
    return this.#versions.get(key, revision);
  }

  scan(range: Range): Generator<Entry, void, void> {
    return this.#versions.scan(range);
  }

  hold(revision: number, deletions = Infinity): () => void {
    return this.#versions.hold(revision, deletions);
  }

  /** Whether {@linkcode writeMemory} has something to do. */
  get mustWrite(): boolean {
    return this.#versions.frozen !== null || this.#isFull;
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
    if (this.#versions.frozen === null && this.#isFull) this.#freeze();
    const { frozen } = this.#versions;
    if (frozen === null || frozen.applied.index > durable) return false;
    await this.#alone("write", () => writeFrozen(this.#place(FLUSH_REST_MS), frozen));
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
    this.#mustFlush = this.#hasUnwritten;
  }

  /** Everything will be written, and merged into one level, with the next work. */
  compactSoon(): void {
    this.flushSoon();
    this.#mustCompact = true;
  }

  /** Writes everything in memory into table files, for a clean stop. */
  async flush(durable: Index): Promise<void> {
    while (this.#hasUnwritten) {
      if (this.#versions.frozen === null) this.#freeze();
      if (this.#versions.frozen!.applied.index > durable) return;
      await this.writeMemory(durable);
    }
  }

  /** Merges all tables into one level, for the impatient. */
  async compact(): Promise<void> {
    const plan = planAll(this.#files.levels);
    if (plan !== null) await this.#alone("merge", () => this.#merge(plan));
  }

  /** Begins to take in the state of another server. */
  import(): Import {
    return new Import(this.#files.writeOptions(this.#options.tableBytes));
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
    invariant(position.index > this.position.index, "the applied position never goes back");
    await this.#alone("write", () =>
      this.#alone("merge", () => {
        const options = this.#options;
        return replaceState(this.#place(0), { arrived, position, members, moment, options });
      }));
  }

  /** Closes all files. Scans that are under way keep theirs until they end. */
  close(): void {
    this.#files.close();
  }

  get #hasUnwritten(): boolean {
    return this.position.index > this.applied.index;
  }

  get #isFull(): boolean {
    const { memoryBytes, replacedFactor } = this.#options;
    const { bytes, newestBytes } = this.#versions.memory;
    return newestBytes >= memoryBytes || bytes >= replacedFactor * memoryBytes || this.#mustFlush;
  }

  #plan(): MergePlan<Table> | null {
    const all = this.#mustCompact && !this.mustWrite ? planAll(this.#files.levels) : null;
    return all ?? planMerge(this.#files.levels, this.#options, this.#turn);
  }

  async #merge(plan: MergePlan<Table>): Promise<void> {
    this.#turn++;
    // A merge that began before the memory was written ends no compaction.
    const isLast = this.#mustCompact && !this.mustWrite;
    const isWhole = plan.from.flat().length === this.#files.levels.flat().length;
    const { tableBytes } = this.#options;
    await mergeTables(this.#place(MERGE_REST_MS), { plan, tableBytes });
    if (isLast && isWhole) this.#mustCompact = false;
  }

  /** Work has time until much waits for it: then it hurries. */
  #place(restMs: number): Place {
    const rest = (): number => restMs * Math.max(0, 1 - 2 * this.pressure);
    return { files: this.#files, versions: this.#versions, restMs: rest };
  }

  #freeze(): void {
    this.#versions.freeze();
    this.#mustFlush = false;
  }

  /** Runs work of a kind that does not run yet. */
  #alone(kind: Work, run: () => Promise<void>): Promise<void> {
    invariant(!this.#working.has(kind), `one ${kind} at a time`);
    this.#working.add(kind);
    return run().finally(() => this.#working.delete(kind));
  }
}
