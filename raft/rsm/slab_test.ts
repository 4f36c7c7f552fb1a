/**
 * Tests of slabs: pieces that do not touch each other.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { Slab } from "./slab.ts";

Deno.test("pieces of a slab share buffers, and no bytes", () => {
  const slab = new Slab();
  const pieces = Array.from({ length: 1000 }, (_, at) => slab.copy(new Uint8Array(300).fill(at)));
  pieces.forEach((piece, at) => assertEquals(piece, new Uint8Array(300).fill(at)));
  assertLess(new Set(pieces.map(({ buffer }) => buffer)).size, 10);
  assertEquals(slab.take(5), new Uint8Array(5));
  assertEquals(slab.take(0).length, 0);
});

Deno.test("a long piece has a buffer of its own", () => {
  const slab = new Slab();
  const short = slab.take(10);
  const long = slab.take(10_000);
  assertEquals([long.length, long.buffer.byteLength], [10_000, 10_000]);
  assert(slab.take(10).buffer === short.buffer);
});
