/**
 * Sorted entries into table files.
 *
 * @module
 */

import type { Clock, Files } from "../../../raft/mod.ts";
import {
  type BlockCache,
  type Entry,
  type RawEntry,
  Table,
  tableName,
  TableWriter,
  UNFINISHED,
} from "../files/mod.ts";
import { MergedPasses } from "../merges/mod.ts";
import { Slices } from "./slices.ts";

/** After so many bytes it looks at the clock: that is far less than a slice of work. */
const LOOK_BYTES = 8 * 1024;

/** Where tables are written to, and how large they get. */
export interface WriteOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly cache: BlockCache;
  /** A file ends when it has grown to this. */
  readonly tableBytes: number;
  /** The number of the next table. */
  readonly takeNumber: () => number;
  /** How long others have the thread between two slices. @default {as long as they want it} */
  readonly restMs?: () => number;
}

/** Writes entries that come in order into tables that do not overlap. */
export class RunWriter {
  readonly #options: WriteOptions;
  readonly #slices: Slices;
  readonly #tables: Table[] = [];
  #number = 0;
  #writer: TableWriter | null = null;
  /** At this size of the table it looks again whether the slice is over. */
  #look = 0;

  constructor(options: WriteOptions) {
    this.#options = options;
    this.#slices = new Slices(options.clock, options.restMs);
  }

  /** Adds entries, in slices between which others have the thread. */
  async add(entries: Iterable<Entry>): Promise<void> {
    for (const entry of entries) {
      const writer = this.#current ?? await this.#writerFor(entry);
      writer.add(entry);
      if (writer.bytes >= this.#look) await this.#pause(writer);
    }
  }

  /** As {@linkcode add}, of all that a merge leaves. */
  async addMerged(merged: MergedPasses): Promise<void> {
    for (let entry = merged.next(); entry !== null; entry = merged.next()) {
      const writer = this.#current ?? await this.#writerFor(entry);
      writer.addRaw(entry);
      if (writer.bytes >= this.#look) await this.#pause(writer);
    }
  }

  /** The tables, open. Their files are durable, the names of the files not yet. */
  async finish(): Promise<readonly Table[]> {
    if (this.#writer !== null) await this.#endTable(this.#writer);
    return this.#tables;
  }

  /** Closes and removes all files: a disk that is full has room again. */
  async abandon(): Promise<void> {
    const { files } = this.#options;
    const names = this.#tables.map(({ name }) => name);
    if (this.#writer !== null) names.push(`${tableName(this.#number)}${UNFINISHED}`);
    await this.#writer?.close();
    this.#writer = null;
    for (const table of this.#tables.splice(0)) table.release();
    const present = new Set(await files.list());
    for (const name of names) if (present.has(name)) await files.remove(name);
  }

  /** The table that has room for any entry. */
  get #current(): TableWriter | null {
    const writer = this.#writer;
    return writer !== null && writer.bytes < this.#options.tableBytes ? writer : null;
  }

  /** The table that an entry belongs into. */
  async #writerFor(entry: Entry | RawEntry): Promise<TableWriter> {
    const writer = this.#writer;
    // Versions of one key stay together, or two tables of one level would overlap.
    if (writer !== null && writer.bytes >= this.#options.tableBytes && !writer.goesOn(entry)) {
      await this.#endTable(writer);
    }
    return this.#writer ??= this.#beginTable();
  }

  async #pause(writer: TableWriter): Promise<void> {
    if (writer.mustFlush) await writer.flush();
    if (this.#slices.isOver) await this.#slices.pause();
    this.#look = writer.bytes + LOOK_BYTES;
  }

  #beginTable(): TableWriter {
    this.#look = 0;
    this.#number = this.#options.takeNumber();
    return new TableWriter(this.#options.files, tableName(this.#number));
  }

  async #endTable(writer: TableWriter): Promise<void> {
    const { files, cache } = this.#options;
    const checksum = await writer.finish(() => this.#slices.isOver ? this.#slices.pause() : null);
    this.#writer = null;
    const name = { number: this.#number, name: tableName(this.#number), checksum };
    this.#tables.push(await Table.open(files, name, cache));
  }
}

/** Writes all entries, or leaves no file that a manifest names. */
export async function writeTables(
  entries: Iterable<Entry> | MergedPasses,
  options: WriteOptions,
): Promise<readonly Table[]> {
  const writer = new RunWriter(options);
  try {
    await (entries instanceof MergedPasses ? writer.addMerged(entries) : writer.add(entries));
    return await writer.finish();
  } catch (error) {
    // What cannot be removed now is removed at the next start.
    await writer.abandon().catch(() => null);
    throw error;
  }
}
