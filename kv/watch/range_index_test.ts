/**
 * Tests of the index of ranges against a look at all of them.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../tests/sim/mod.ts";
import { type KeyRange, rangeOfKey } from "./key_ranges.ts";
import { RangeIndex } from "./range_index.ts";

function randomRange(random: SeededRandom): KeyRange {
  const key = () => String(random.below(1000)).padStart(3, "0");
  if (random.chance(0.3)) return rangeOfKey(key());
  const [start, end] = [key(), key()].sort();
  return { start: start!, end: random.chance(0.05) ? null : `${end}!` };
}

Deno.test("RangeIndex finds the same items as a look at all ranges, while they come and go", () => {
  const random = new SeededRandom(11);
  const index = new RangeIndex<number>();
  const all = new Map<number, KeyRange>();
  for (let step = 0; step < 6000; step++) {
    const grows = step < 2000 || step % 1000 < 300;
    if (grows) {
      const range = all.size > 0 && random.chance(0.2)
        ? random.pick([...all.values()])
        : randomRange(random);
      all.set(step, range);
      index.add(range, step);
    } else if (all.size > 0) {
      const item = random.pick([...all.keys()]);
      index.remove(all.get(item)!, item);
      all.delete(item);
    }
    const key = String(random.below(1000)).padStart(3, "0");
    const found: number[] = [];
    index.find(key, (item) => found.push(item));
    const wanted = [...all].flatMap(([item, { start, end }]) => {
      return start <= key && (end === null || key < end) ? [item] : [];
    });
    assertEquals(found.sort((a, b) => a - b), wanted);
  }
});

Deno.test("RangeIndex looks at few of many ranges, added in order", () => {
  let looks = 0;
  const index = new RangeIndex<number>();
  const count = 20_000;
  for (let place = 0; place < count; place++) {
    const start = String(place).padStart(6, "0");
    const range: KeyRange = {
      get start(): string {
        looks++;
        return start;
      },
      end: `${start}5`,
    };
    index.add(range, place);
  }
  looks = 0;
  const found: number[] = [];
  for (let place = 0; place < count; place += 100) {
    index.find(`${String(place).padStart(6, "0")}1`, (item) => found.push(item));
  }
  assertEquals(found.length, count / 100);
  assert(looks / found.length < 100, `${looks / found.length} looks for one key`);
});
