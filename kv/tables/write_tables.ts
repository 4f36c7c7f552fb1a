/**
 * Sorted entries into table files.
 *
 * @module
 */

import type { Clock, Files } from "../../raft/mod.ts";
import { type BlockCache, type Entry, Table, tableName, TableWriter } from "./files/mod.ts";
import { Slices } from "./slices.ts";

/** Where tables are written to, and how large they get. */
export interface WriteOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly cache: BlockCache;
  /** A file ends when it has grown to this. */
  readonly tableBytes: number;
  /** The number of the next table. */
  readonly takeNumber: () => number;
}

/**
 * Writes entries into tables and opens these, in slices between which others have the thread. The
 * names of the files are not durable yet.
 */
export async function writeTables(
  entries: Generator<Entry, void, void>,
  { files, clock, cache, tableBytes, takeNumber }: WriteOptions,
): Promise<Table[]> {
  const slices = new Slices(clock);
  const outputs: Table[] = [];
  let number = 0;
  let writer: TableWriter | null = null;
  try {
    for (const entry of entries) {
      // Versions of one key stay together, or two tables of one level would overlap.
      if (writer !== null && writer.bytes >= tableBytes && writer.lastKey !== entry.key) {
        await writer.finish();
        writer = null;
        outputs.push(await Table.open(files, { number, name: tableName(number) }, cache));
      }
      if (writer === null) {
        number = takeNumber();
        writer = new TableWriter(files, tableName(number));
      }
      writer.add(entry);
      if (writer.mustFlush) await writer.flush();
      if (slices.isOver) await slices.pause();
    }
    if (writer !== null) {
      await writer.finish();
      outputs.push(await Table.open(files, { number, name: tableName(number) }, cache));
    }
    return outputs;
  } catch (error) {
    entries.return();
    await writer?.close();
    for (const table of outputs) table.release();
    throw error;
  }
}
