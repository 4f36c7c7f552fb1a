/**
 * Tests of the block cache: it is bounded and evicts the least recently used blocks.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Block, BlockBuilder } from "./block.ts";
import { BlockCache } from "./block_cache.ts";

function someBlock(): Block {
  const builder = new BlockBuilder();
  builder.add({ key: "k", revision: 1, version: 1, created: 1, value: null, lease: 0, expires: 0 });
  return new Block(builder.take());
}

Deno.test("BlockCache evicts the least recently used block", () => {
  const cache = new BlockCache(80);
  const block = someBlock();
  for (let place = 0; place < 8; place++) cache.put(1, place, { block, bytes: 10 });
  assertEquals(cache.get(1, 0), block);
  cache.put(2, 0, { block, bytes: 10 });
  assertEquals([cache.get(1, 1), cache.get(1, 0), cache.get(2, 0)], [null, block, block]);
  assertEquals(cache.bytes, 80);
});

Deno.test("BlockCache does not keep a block that would evict all others", () => {
  const cache = new BlockCache(80);
  cache.put(1, 0, { block: someBlock(), bytes: 11 });
  assertEquals([cache.get(1, 0), cache.bytes], [null, 0]);
});

Deno.test("BlockCache drops the blocks of one table only", () => {
  const cache = new BlockCache(800);
  const block = someBlock();
  for (const table of [1, 2]) {
    for (let place = 0; place < 3; place++) cache.put(table, place, { block, bytes: 10 });
  }
  cache.forget(1, 3);
  assert([0, 1, 2].every((place) => cache.get(1, place) === null && cache.get(2, place) === block));
  assertEquals(cache.bytes, 30);
});
