/**
 * Tests of the order of keys in a memory table.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../tests/sim/seeded_random.ts";
import { SortedKeys } from "./sorted_keys.ts";

function randomKey(random: SeededRandom): string {
  return String(Math.floor(random.next() * 100_000));
}

Deno.test("SortedKeys are read in order in both directions, from and to any key", () => {
  const random = new SeededRandom(3);
  const keys = new SortedKeys();
  const wanted = new Set<string>();
  for (let step = 0; step < 5000; step++) {
    const key = randomKey(random);
    if (!wanted.has(key)) keys.add(key);
    wanted.add(key);
    if (step % 500 !== 0) continue;
    const sorted = [...wanted].sort();
    for (const bound of ["", "5", key, randomKey(random)]) {
      assertEquals([...keys.upward(bound)], sorted.filter((other) => other >= bound));
      assertEquals([...keys.downward(bound)], sorted.filter((other) => other < bound).reverse());
    }
    assertEquals([...keys.downward(null)], sorted.toReversed());
  }
});

Deno.test("SortedKeys forget removed keys, down to none", () => {
  const keys = new SortedKeys();
  const all = Array.from({ length: 3000 }, (_, place) => String(place * 7919 % 3001)).sort();
  for (const key of all.toReversed()) keys.add(key);
  for (const [place, key] of all.entries()) {
    keys.remove(key);
    if (place % 300 === 0) assertEquals([...keys.upward("")], all.slice(place + 1));
  }
  assertEquals([...keys.upward(""), ...keys.downward(null)], []);
});

Deno.test("a reader of SortedKeys goes on at the next key while others are added and removed", () => {
  const keys = new SortedKeys();
  const all = Array.from({ length: 4000 }, (_, place) => String(10_000 + 2 * place));
  for (const key of all) keys.add(key);
  const seen: string[] = [];
  let added = 0;
  for (const key of keys.upward("")) {
    if (!all.includes(key)) continue;
    seen.push(key);
    // An odd key before this one, and one behind it, that this reader may or may not see.
    for (const other of [10_000 + 2 * added - 1, 17_999 - 2 * added]) {
      if (other > 10_000 && other < 17_999) keys.add(`${other}!${added}`);
    }
    added++;
    if ([...keys.upward(`${key}!`)].length % 3 === 0) keys.remove(key);
  }
  assertEquals(seen, all);
});
