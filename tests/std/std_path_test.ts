/**
 * Tests of what this project needs of `@std/path`: the original or the stand-in in `tools/std`.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";

Deno.test("fromFileUrl decodes escapes and refuses other URLs", () => {
  for (const name of ["plain", "with space", "ünï", "hash#", "percent%25", "question?"]) {
    const url = `file:///folder/${encodeURIComponent(name)}`;
    assertEquals(fromFileUrl(url), `/folder/${name}`);
    assertEquals(fromFileUrl(new URL(url)), `/folder/${name}`);
  }
  assertThrows(() => fromFileUrl("https://example.com/"), TypeError, "URL must be a file URL");
});
