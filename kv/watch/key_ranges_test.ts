/**
 * Tests of ranges of keys: their normal form holds the same keys.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../tests/sim/mod.ts";
import {
  hasKey,
  type KeyRange,
  nameOfRanges,
  normalRanges,
  onlyKeyOf,
  rangeOfKey,
} from "./key_ranges.ts";

Deno.test("normalRanges holds the same keys, sorted and without overlaps", () => {
  const random = new SeededRandom(5);
  const key = (): string => random.pick(["a", "b", "c"]) + random.pick(["", "\0", "a", "ÿ"]);
  for (let round = 0; round < 2000; round++) {
    const ranges: KeyRange[] = Array.from({ length: random.below(6) }, () => {
      return random.chance(0.3)
        ? rangeOfKey(key())
        : { start: key(), end: random.chance(0.1) ? null : key() };
    });
    const normal = normalRanges(ranges);
    for (const [at, { start, end }] of normal.entries()) {
      assert(end === null ? at === normal.length - 1 : start < end);
      if (at > 0) assert(normal[at - 1]!.end! < start);
    }
    const probe = key();
    const isWanted = ranges.some(({ start, end }) =>
      start <= probe && (end === null || probe < end)
    );
    assertEquals(hasKey(normal, probe), isWanted, JSON.stringify({ ranges, probe }));
    assertEquals(nameOfRanges(normalRanges(ranges.toReversed())), nameOfRanges(normal));
  }
});

Deno.test("onlyKeyOf knows the ranges of one key", () => {
  assertEquals(onlyKeyOf(rangeOfKey("a")), "a");
  assertEquals(onlyKeyOf({ start: "a", end: "a\x01" }), null);
  assertEquals(onlyKeyOf({ start: "a", end: "b" }), null);
  assertEquals(onlyKeyOf({ start: "a", end: null }), null);
});
