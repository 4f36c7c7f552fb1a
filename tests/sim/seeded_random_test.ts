/**
 * Tests of the seeded generator.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "./seeded_random.ts";

function draws(random: SeededRandom, count: number): number[] {
  return Array.from({ length: count }, () => random.below(1_000_000));
}

Deno.test("SeededRandom produces the same numbers on every machine", () => {
  assertEquals(draws(new SeededRandom(42), 4), FIRST_OF_42);
});

const FIRST_OF_42 = [224550, 781122, 886765, 634679];

Deno.test("SeededRandom forks depend on the seed and the purpose, not on earlier numbers", () => {
  const fresh = new SeededRandom(7);
  const used = new SeededRandom(7);
  draws(used, 100);
  assertEquals(draws(fresh.fork("disk"), 20), draws(used.fork("disk"), 20));
  assertNotEquals(draws(fresh.fork("disk"), 20), draws(fresh.fork("network"), 20));
  assertNotEquals(
    draws(fresh.fork("disk"), 20),
    draws(new SeededRandom(8).fork("disk"), 20),
  );
  assertNotEquals(draws(fresh.fork(1).fork(2), 20), draws(fresh.fork(2).fork(1), 20));
});

Deno.test("SeededRandom uses all bits of a seed", () => {
  assertNotEquals(draws(new SeededRandom(1), 20), draws(new SeededRandom(1 + 2 ** 32), 20));
  assertNotEquals(draws(new SeededRandom(0), 20), draws(new SeededRandom(2 ** 53 - 1), 20));
  assertThrows(() => new SeededRandom(-1), RangeError, "Cannot seed");
  assertThrows(() => new SeededRandom(0.5), RangeError, "Cannot seed");
});

Deno.test("SeededRandom is uniform over many numbers, also across neighbouring seeds", () => {
  const counts = new Array<number>(10).fill(0);
  for (let seed = 0; seed < 1000; seed++) {
    const random = new SeededRandom(seed);
    for (let draw = 0; draw < 10; draw++) counts[random.below(10)]!++;
  }
  for (const count of counts) assert(count > 850 && count < 1150, `uneven: ${counts}`);
});

Deno.test("SeededRandom numbers stay in their bounds and reach both ends", () => {
  const random = new SeededRandom(3);
  const seen = new Set<number>();
  for (let draw = 0; draw < 500; draw++) {
    seen.add(random.between(2, 5));
    const value = random.range(-1, 1);
    assert(value >= -1 && value < 1);
  }
  assertEquals([...seen].sort(), [2, 3, 4, 5]);
  assertEquals(random.chance(0), false);
  assertEquals(random.chance(1), true);
  assertEquals(random.shuffle([1, 2, 3, 4]).sort(), [1, 2, 3, 4]);
  assertThrows(() => random.pick([]), RangeError, "Cannot pick");
});
