/**
 * Tests of sources in order.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../tests/sim/seeded_random.ts";
import { Heads } from "./heads.ts";

Deno.test("Heads yield all numbers of sorted sources in order, of equal ones the first source's", () => {
  const random = new SeededRandom(1);
  for (const count of [0, 1, 2, 3, 9]) {
    const sources = Array.from({ length: count }, (_, order) => ({
      order,
      left: Array.from({ length: 1 + random.below(30) }, () => random.below(40))
        .sort((one, other) => one - other),
    }));
    const wanted = sources.flatMap(({ order, left }) => left.map((number) => ({ number, order })))
      .sort((one, other) => one.number - other.number || one.order - other.order);
    const heads = new Heads<(typeof sources)[0]>((one, other) =>
      one.left[0]! < other.left[0]! ||
      one.left[0] === other.left[0] && one.order < other.order
    );
    for (const source of sources) heads.add(source);
    const found: { number: number; order: number }[] = [];
    for (let { first } = heads; first !== undefined; first = heads.first) {
      found.push({ number: first.left.shift()!, order: first.order });
      if (first.left.length > 0) heads.moved();
      else heads.ended();
    }
    assertEquals(found, wanted);
  }
});
