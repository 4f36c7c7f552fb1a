/**
 * Tests of blocks: lookups.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Block, BlockBuilder } from "./block.ts";
import type { Entry } from "./entry.ts";

function entry(key: string, revision: number, value: string | null = "v"): Entry {
  const bytes = value === null ? null : new TextEncoder().encode(value);
  return { key, revision, version: revision, created: 1, value: bytes, lease: 0, expires: 0 };
}

function blockOf(entries: readonly Entry[]): Uint8Array {
  const builder = new BlockBuilder();
  for (const each of entries) builder.add(each);
  return builder.take();
}

const ENTRIES = [entry("b", 9), entry("b", 4, null), entry("b", 2), entry("d", 3), entry("f", 1)];

Deno.test("Block finds the first entry at or after a key", () => {
  const block = new Block(blockOf(ENTRIES));
  assertEquals(block.count, 5);
  const found = ["a", "b", "c", "d", "e", "f", "g"].map((key) => block.find(key));
  assertEquals(found, [0, 0, 3, 3, 4, 4, 5]);
});

Deno.test("Block returns the newest version up to a revision, deletions included", () => {
  const block = new Block(blockOf(ENTRIES));
  assertEquals(block.get("b", Infinity), ENTRIES[0]!);
  assertEquals(block.get("b", 8), ENTRIES[1]!);
  assertEquals(block.get("b", 4), ENTRIES[1]!);
  assertEquals(block.get("b", 3), ENTRIES[2]!);
  assertEquals(block.get("b", 1), null);
  assertEquals(block.get("c", Infinity), null);
  assertEquals(block.get("f", 1), ENTRIES[4]!);
});

Deno.test("BlockBuilder starts empty after each block, also after a large value", () => {
  const builder = new BlockBuilder();
  const large = { ...entry("a", 1), value: new Uint8Array(1024 * 1024).fill(5) };
  builder.add(large);
  assertEquals(new Block(builder.take()).entry(0), large);
  assert(builder.isEmpty);
  builder.add(entry("b", 1));
  const small = builder.take();
  assertEquals(new Block(small).entry(0), entry("b", 1));
  assert(small.length < 100);
});
