/**
 * Tests of passes over whole tables.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { StorageError } from "../../../raft/mod.ts";
import { SimDisk } from "../../../tests/sim/sim_disk.ts";
import { BlockCache } from "./block_cache.ts";
import { type Entry, EntryReader } from "./entry.ts";
import { Pass } from "./pass.ts";
import { Table } from "./table.ts";
import { TableWriter } from "./table_writer.ts";

function entriesFrom(begin: number): Entry[] {
  return Array.from({ length: 400 }, (_, place) => {
    const revision = begin + place;
    // One value is longer than what is read at a time.
    const value = place % 7 === 0 ? null : new Uint8Array(place === 200 ? 200_000 : place);
    const key = String(begin + (place >> 1)).padStart(6, "0");
    const version = 400 - place;
    return { key, revision: 10_000 - revision, version, created: 1, value, lease: 0, expires: 0 };
  });
}

async function write(disk: SimDisk, number: number, entries: readonly Entry[]): Promise<Table> {
  const writer = new TableWriter(disk.open(), `${number}`);
  for (const entry of entries) writer.add(entry);
  const checksum = await writer.finish();
  return Table.open(disk.open(), { number, name: `${number}`, checksum }, new BlockCache(1));
}

Deno.test("Pass stands at every entry of its tables in order", async () => {
  const disk = new SimDisk();
  const entries = [entriesFrom(1000), entriesFrom(2000), entriesFrom(3000)];
  const tables: Table[] = [];
  for (const [number, part] of entries.entries()) tables.push(await write(disk, number, part));
  const pass = new Pass(tables);
  const found: Entry[] = [];
  while (pass.next()) {
    const entry = new EntryReader(pass.bytes).readAt(pass.at);
    assertEquals([pass.key, pass.revision], [entry.key, entry.revision]);
    assertEquals(pass.isDeletion, entry.value === null);
    found.push({ ...entry, value: entry.value?.slice() ?? null });
  }
  assertEquals(found, entries.flat());
  assertEquals([pass.next(), new Pass([]).next()], [false, false]);
});

Deno.test("Pass believes no block whose checksum is wrong", async () => {
  const disk = new SimDisk();
  await write(disk, 1, entriesFrom(1000));
  const image = disk.image();
  const { checksum } = await write(disk, 1, entriesFrom(1000));
  image.get("1")![3000]! ^= 1;
  const name = { number: 1, name: "1", checksum };
  const table = await Table.open(new SimDisk(image).open(), name, new BlockCache(1));
  const pass = new Pass([table]);
  assertThrows(() => {
    while (pass.next());
  }, StorageError);
});
