/**
 * Tests of merging everything into one level because somebody asked for it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { SystemClock } from "../../raft/mod.ts";
import { SimDisk } from "../../tests/sim/sim_disk.ts";
import { Tables } from "./tables.ts";

const SMALL = { memoryBytes: 4000, tableBytes: 2000, level0Tables: 2, level1Bytes: 6000 };

/** Adds versions of keys behind all others. */
function add(tables: Tables, count: number): void {
  const last = tables.position.index;
  for (let index = last + 1; index <= last + count; index++) {
    const numbers = { revision: index, version: 1, created: index, lease: 0, expires: 0 };
    tables.add({ key: `k${index}`, ...numbers, value: new Uint8Array(100) });
    tables.advance({ index, term: 1, times: { steady: 0, wall: 0 } });
  }
}

/** Tables of which some are to be merged. */
async function mergeable(): Promise<Tables> {
  const tables = new Tables({ files: new SimDisk().open(), clock: new SystemClock(), ...SMALL });
  await tables.load();
  while (!tables.mustMerge) {
    add(tables, 10);
    await tables.writeMemory(Infinity);
  }
  return tables;
}

/** A merge left out what was in memory: there is a table of that, and the compaction goes on. */
async function checkCompaction(tables: Tables): Promise<void> {
  assertEquals([tables.status().isCompacting, tables.status().tables[0]], [true, 1]);
  while (await tables.work(Infinity));
  const { isCompacting, tables: levels } = tables.status();
  assertEquals([isCompacting, levels.filter((count) => count > 0).length], [false, 1]);
  const at = tables.position.index;
  assertEquals([...tables.scan({ from: "", to: null, at })].length, at);
  tables.close();
}

Deno.test("a merge that was under way when all was to become one level does not stand for that", async () => {
  const tables = await mergeable();
  const merging = tables.merge();
  add(tables, 5);
  tables.compactSoon();
  await Promise.all([merging, tables.writeMemory(Infinity)]);
  await checkCompaction(tables);
});

Deno.test("a merge that begins before the memory was written ends no compaction", async () => {
  const tables = await mergeable();
  add(tables, 5);
  tables.compactSoon();
  await Promise.all([tables.merge(), tables.writeMemory(Infinity)]);
  await checkCompaction(tables);
});
