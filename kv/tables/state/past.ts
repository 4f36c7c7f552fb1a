/**
 * Versions that were replaced before they got into a table file. They stay in memory as long as a
 * revision that can be read shows them, and never reach the disk: after a restart no revision before
 * the position of the tables can be read.
 *
 * @module
 */

import type { Entry } from "../files/mod.ts";
import type { Keep } from "../merges/mod.ts";
import type { MemoryTable } from "./memory_table.ts";

/** What one memory table left when it was written. */
interface Rest {
  readonly table: MemoryTable;
  /** Revisions that were held when it was written: their versions are in the table file. */
  readonly held: readonly number[];
}

/** What is left of memory tables: each holds, per key, every version older than the one in the file. */
export class Past {
  /** The newest first. */
  #rests: readonly Rest[] = [];

  /** About how much memory it takes. */
  get bytes(): number {
    return this.#rests.reduce((sum, { table }) => sum + table.bytes, 0);
  }

  /** Adds the keys of a memory table that have several versions, when it has been written. */
  add(table: MemoryTable, held: readonly number[]): void {
    if (table.size > 0) this.#rests = [{ table, held }, ...this.#rests];
  }

  /** Forgets what no reader can see any more. The horizon never goes back. */
  forget(keep: Pick<Keep, "horizon" | "held">): void {
    if (this.#rests.length === 0) return;
    for (const { table } of this.#rests) table.forget(keep);
    const isUsed = ({ table: { lastRevision }, held }: Rest): boolean =>
      lastRevision > keep.horizon ||
      keep.held.some((revision) => revision < lastRevision && !held.includes(revision));
    if (!this.#rests.every(isUsed)) this.#rests = this.#rests.filter(isUsed);
  }

  /** The newest version of the key that is no newer than the revision; `null`: look into the tables. */
  get(key: string, revision: number): Entry | null {
    for (const { table } of this.#rests) {
      // What came later may be in table files alone.
      if (revision > table.lastRevision) return null;
      const entry = table.get(key, revision);
      if (entry !== null) return entry;
    }
    return null;
  }

  /** What a scan at a revision needs beside the tables, the newest run first. */
  tablesAt(revision: number): readonly MemoryTable[] {
    return this.#rests.map(({ table }) => table).filter((table) => revision <= table.lastRevision);
  }
}
