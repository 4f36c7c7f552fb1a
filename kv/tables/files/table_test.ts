/**
 * Tests of table files: lookups, scans, and the detection of damage.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { StorageError } from "../../../raft/mod.ts";
import { type DiskImage, SimDisk } from "../../../tests/sim/sim_disk.ts";
import { BlockCache } from "./block_cache.ts";
import type { Entry } from "./entry.ts";
import { Table } from "./table.ts";
import { decodeFoot, FOOT_BYTES } from "./table_format.ts";
import { TableWriter } from "./table_writer.ts";

const NAME = { number: 1, name: "00000001.table" };

/** Two versions of every even key from 0 on; every tenth key was deleted last. */
function someEntries(keys: number): Entry[] {
  return Array.from({ length: keys }, (_, place) => {
    const key = String(2 * place).padStart(6, "0");
    const value = place % 10 === 9 ? null : new Uint8Array(40).fill(place);
    const old = { key, revision: place + 1, version: 1, created: place + 1, lease: 0, expires: 0 };
    return [
      { ...old, revision: keys + place + 1, version: 2, value },
      { ...old, value: new Uint8Array(40).fill(place) },
    ];
  }).flat();
}

async function write(disk: SimDisk, entries: readonly Entry[]): Promise<void> {
  const writer = new TableWriter(disk.open(), NAME.name);
  for (const entry of entries) {
    writer.add(entry);
    if (writer.mustFlush) await writer.flush();
  }
  const checksum = await writer.finish();
  assertEquals(decodeFoot(disk.image().get(NAME.name)!.slice(-FOOT_BYTES))?.checksum, checksum);
}

function open(disk: SimDisk, cache = new BlockCache(1 << 20)): Promise<Table> {
  // In use the manifest names the table; this folder has only one.
  const foot = decodeFoot(disk.image().get(NAME.name)!.slice(-FOOT_BYTES));
  return Table.open(disk.open(), { ...NAME, checksum: foot?.checksum ?? 0 }, cache);
}

Deno.test("the end of a large table is made in steps between which others have the thread (X8)", async () => {
  const writer = new TableWriter(new SimDisk().open(), NAME.name);
  for (const entry of someEntries(3000)) writer.add(entry);
  let rests = 0;
  await writer.finish(() => (rests++, null));
  assert(rests >= 5, `${rests} rests`);
});

Deno.test("Table finds every version of every key, and nothing else", async () => {
  const disk = new SimDisk();
  const entries = someEntries(1000);
  await write(disk, entries);
  const table = await open(disk);
  assert(table.blocks > 20);
  for (const entry of entries) {
    assertEquals(table.get(entry.key, entry.revision), entry);
    assertEquals(table.get(entry.key, Infinity)?.version, 2);
    const odd = String(Number(entry.key) + 1).padStart(6, "0");
    assertEquals(table.get(odd, Infinity), null);
  }
  assertEquals(table.get("000010", 5), null);
  assertEquals(table.summary, {
    smallest: "000000",
    largest: "001998",
    firstRevision: 1,
    lastRevision: 2000,
    entries: 2000,
    deletions: 100,
  });
});

Deno.test("Table scans its entries in order from any key", async () => {
  const disk = new SimDisk();
  const entries = someEntries(300);
  await write(disk, entries);
  const table = await open(disk);
  assertEquals([...table.entries("")], entries);
  for (const from of ["000000", "000101", "000102", "000598", "000599"]) {
    assertEquals([...table.entries(from)], entries.filter(({ key }) => key >= from));
  }
});

Deno.test("Table finds versions of one key that fill several blocks", async () => {
  const disk = new SimDisk();
  const versions = Array.from({ length: 300 }, (_, place) => ({
    ...{ key: "k", revision: 300 - place, version: 300 - place, created: 1, lease: 0, expires: 0 },
    value: new Uint8Array(100).fill(place),
  }));
  await write(disk, versions);
  const table = await open(disk);
  assert(table.blocks > 5);
  for (const entry of versions) assertEquals(table.get("k", entry.revision), entry);
  assertEquals(table.get("k", 0), null);
});

Deno.test("a scan does not fill the cache", async () => {
  const disk = new SimDisk();
  await write(disk, someEntries(300));
  const cache = new BlockCache(1 << 20);
  const table = await open(disk, cache);
  assertEquals([[...table.entries("")].length, cache.bytes], [600, 0]);
  table.get("000100", Infinity);
  assert(cache.bytes > 0);
  table.release();
  assertEquals(cache.bytes, 0);
});

/** The entries read from an image of a disk, or the error. */
async function found(image: DiskImage): Promise<Entry[] | unknown> {
  try {
    return [...(await open(new SimDisk(image))).entries("")];
  } catch (error) {
    return error;
  }
}

Deno.test("every flipped bit and every truncation of a table is detected", async () => {
  const disk = new SimDisk();
  await write(disk, someEntries(12));
  const bytes = disk.image().get(NAME.name)!;
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const changed = bytes.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    const error = await found(new Map([[NAME.name, changed]]));
    assert(error instanceof StorageError && error.kind === "damaged", `bit ${bit}`);
    assertEquals(error.file, NAME.name);
  }
  for (let length = 0; length < bytes.length; length++) {
    const error = await found(new Map([[NAME.name, bytes.slice(0, length)]]));
    assert(error instanceof StorageError && error.kind === "damaged", `${length} bytes`);
  }
});

Deno.test("a damaged block is reported with its offset and keys, and other blocks are served", async () => {
  const disk = new SimDisk();
  const entries = someEntries(300);
  await write(disk, entries);
  disk.damage(NAME.name, 5000, (byte) => byte ^ 1);
  const table = await open(disk);
  assertEquals(table.get("000000", Infinity), entries[0]!);
  const damaged = entries.find(({ key }) => {
    try {
      return table.get(key, Infinity) === null;
    } catch (error) {
      return error instanceof StorageError;
    }
  })!;
  const error = assertThrows(() => table.get(damaged.key, Infinity), StorageError, "keys from");
  assert(error.offset !== null && error.offset <= 5000 && error.offset > 0);
});

Deno.test("TableWriter gives a table its name only after its bytes are durable", async () => {
  for (let fault = 0;; fault++) {
    let operations = 0;
    const disk = new SimDisk(new Map(), { changed: () => void operations++ });
    const files = disk.open();
    const done = write(disk, someEntries(30)).then(() => true);
    while (operations < fault && !await Promise.race([done, Promise.resolve(false)]));
    for (const image of disk.imagesAfterPowerCut(() => 0.3, 30)) {
      if (!image.has(NAME.name)) continue;
      assert(Array.isArray(await found(image)), `after ${fault} operations`);
    }
    await done;
    await files.close();
    if (fault > operations) break;
  }
});
