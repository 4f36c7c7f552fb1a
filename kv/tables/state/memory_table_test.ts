/**
 * Tests of the memory table: versions, order and sizes.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import type { Entry } from "../files/entry.ts";
import { MemoryTable } from "./memory_table.ts";

function entry(key: string, revision: number): Entry {
  return {
    key,
    revision,
    version: revision,
    created: 1,
    value: new Uint8Array(10),
    lease: 0,
    expires: 0,
  };
}

Deno.test("MemoryTable returns the newest version up to a revision", () => {
  const table = new MemoryTable();
  for (const revision of [2, 5, 9]) table.add(entry("k", revision));
  assertEquals(table.get("k", 1), null);
  assertEquals(table.get("k", 2)?.revision, 2);
  assertEquals(table.get("k", 8)?.revision, 5);
  assertEquals(table.get("k", Infinity)?.revision, 9);
  assertEquals(table.get("j", Infinity), null);
  assertEquals([table.size, table.lastRevision], [1, 9]);
});

Deno.test("MemoryTable keeps the later of two writes of one revision", () => {
  const table = new MemoryTable();
  table.add(entry("k", 3));
  table.add({ ...entry("k", 4), version: 1 });
  table.add({ ...entry("k", 4), version: 2 });
  const versions = [...table.entries("")].map(({ revision, version }) => [revision, version]);
  assertEquals(versions, [[4, 2], [3, 3]]);
});

Deno.test("MemoryTable is read in order, also after later additions", () => {
  const table = new MemoryTable();
  const places = (from: string): string[] =>
    [...table.entries(from)].map(({ key, revision }) => `${key}${revision}`);
  table.add(entry("c", 1));
  table.add(entry("a", 2));
  assertEquals(places(""), ["a2", "c1"]);
  table.add(entry("b", 3));
  table.add(entry("a", 4));
  assertEquals(places(""), ["a4", "a2", "b3", "c1"]);
  assertEquals(places("b"), ["b3", "c1"]);
  assertEquals(places("bb"), ["c1"]);
});

Deno.test("MemoryTable counts the bytes of every version", () => {
  const table = new MemoryTable();
  const sizes = [1, 2, 3].map((revision) => {
    table.add(entry("k", revision));
    return table.bytes;
  });
  assertGreater(sizes[0]!, 10);
  assertEquals(sizes, [sizes[0]!, 2 * sizes[0]!, 3 * sizes[0]!]);
});

Deno.test("MemoryTable forgets what no reader can see, and counts what is left", () => {
  const table = new MemoryTable();
  for (const revision of [1, 2, 4, 6, 9]) table.add(entry("k", revision));
  table.add(entry("l", 9));
  const each = table.bytes / 6;
  table.forget({ horizon: 7, held: [3] });
  assertEquals([...table.entries("k")].map(({ revision }) => revision), [9, 6, 2, 9]);
  assertEquals([table.bytes, table.newestBytes], [4 * each, 2 * each]);
  table.forget({ horizon: 9, held: [] });
  assertEquals([...table.entries("k")].map(({ revision }) => revision), [9, 9]);
  assertEquals([table.bytes, table.newestBytes], [2 * each, 2 * each]);
});

Deno.test("MemoryTable is read on while versions are forgotten", () => {
  const table = new MemoryTable();
  for (const revision of [1, 3, 5, 7]) table.add(entry("k", revision));
  const reading = table.entries("");
  assertEquals([reading.next().value?.revision, reading.next().value?.revision], [7, 5]);
  table.forget({ horizon: 7, held: [2] });
  const rest = [...reading].map(({ revision }) => revision);
  assertEquals(rest.at(-1), 1);
});
