/**
 * Tests of suggestions for misspelt words.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { editDistance, nearest } from "./nearest.ts";

Deno.test("nearest finds the word when letters are wrong, missing or swapped", () => {
  const words = ["status", "partition", "put", "get"];
  assertEquals(nearest("statsu", words), "status");
  assertEquals(nearest("partitoin", words), "partition");
  assertEquals(nearest("part", words), "partition");
  assertEquals(nearest("gte", words), "get");
  assertEquals(nearest("frobnicate", words), null);
});

Deno.test("edit distance counts a swap of neighbours as one change", () => {
  assertEquals([
    editDistance("", "abc"),
    editDistance("ab", "ba"),
    editDistance("kitten", "sitting"),
  ], [
    3,
    1,
    3,
  ]);
});
