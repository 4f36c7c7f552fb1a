/**
 * Tests of the encoding of entries and the order of keys.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  compareKeyAt,
  type Entry,
  entryBytesMax,
  EntryReader,
  keyBytes,
  keyOf,
  writeEntry,
} from "./entry.ts";

const KEYS = [
  "",
  "\0",
  "a",
  "a\0",
  "ab",
  "b",
  "\x7f",
  "\x80",
  "\xff",
  "\xff\xff",
  "k".repeat(4096),
];

function bytesOf(entry: Entry): Uint8Array {
  const bytes = new Uint8Array(entryBytesMax(entry));
  return bytes.subarray(0, writeEntry(bytes, 0, entry));
}

Deno.test("keyOf and keyBytes reverse each other for every byte", () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  assertEquals(keyBytes(keyOf(all)), all);
  assertEquals(keyBytes(keyOf(all.subarray(120, 140))), all.subarray(120, 140));
});

Deno.test("an entry is read as written, extreme numbers included", () => {
  const numbers = [1, 127, 128, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER];
  for (const key of KEYS) {
    for (const revision of numbers) {
      for (const value of [null, new Uint8Array(0), new Uint8Array(300).fill(7)]) {
        const numbers = { revision, version: revision, created: 1, lease: 0, expires: revision };
        const entry = { key, ...numbers, value };
        const bytes = bytesOf(entry);
        const reader = new EntryReader(bytes);
        assertEquals(reader.readAt(0), entry);
        assertEquals(reader.end, bytes.length);
        assertEquals(reader.revisionAt(0), revision);
        const leased = { ...entry, lease: revision, expires: 0 };
        assertEquals(new EntryReader(bytesOf(leased)).readAt(0), leased);
      }
    }
  }
});

Deno.test("compareKeyAt orders keys by their bytes", () => {
  for (const [place, key] of KEYS.entries()) {
    const bytes = bytesOf({
      key,
      revision: 1,
      version: 1,
      created: 1,
      value: null,
      lease: 0,
      expires: 0,
    });
    for (const [otherPlace, other] of KEYS.entries()) {
      const wanted = key.startsWith("k") || other.startsWith("k")
        ? Math.sign(key < other ? -1 : Number(key > other))
        : Math.sign(place - otherPlace);
      assertEquals(Math.sign(compareKeyAt(bytes, 0, other)), wanted, `${key} and ${other}`);
    }
  }
});
