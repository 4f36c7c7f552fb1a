/**
 * Tests of keys as text and as binary strings.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { binaryKey, endOfPrefix, textOfKey, toKey } from "./key_text.ts";

Deno.test("toKey maps different texts to different keys, and textOfKey reverses it", () => {
  const texts = ["\u{feff}", "\u{feff}a", "a", "é", "e\u0301", "\0", "a\0", "🚣".repeat(9)];
  const keys = texts.map((text) => toKey(text));
  assertEquals(keys.map(textOfKey), texts);
  assertEquals(new Set(keys).size, texts.length);
});

Deno.test("toKey keeps the order of the bytes", () => {
  const bytes = (text: string) => [...new TextEncoder().encode(text)];
  assertEquals(toKey("é🚣").split("").map((each) => each.charCodeAt(0)), bytes("é🚣"));
  assert(toKey("z") < toKey("é") && toKey("é") < toKey("🚣"));
  assertEquals(toKey(Uint8Array.of(254, 255, 0)), "\xfe\xff\0");
});

Deno.test("toKey refuses keys that are empty, too long or half a character", () => {
  for (const wrong of ["", "x".repeat(4097), "é".repeat(2049), "half \ud83d"]) {
    assertThrows(() => toKey(wrong), RangeError, "Cannot use the key");
  }
  assertEquals(toKey("é".repeat(2048)).length, 4096);
});

Deno.test("textOfKey returns null for bytes that are not UTF-8", () => {
  assertEquals([textOfKey("\xff"), textOfKey("a\xc3\x28"), textOfKey("abc")], [null, null, "abc"]);
});

Deno.test("endOfPrefix is the first key behind all keys with the prefix", () => {
  assertEquals(endOfPrefix("a/"), "a0");
  assertEquals(endOfPrefix("a\xff\xff"), "b");
  assertEquals(endOfPrefix("\xff"), null);
  assertEquals(endOfPrefix(binaryKey("")), null);
});
