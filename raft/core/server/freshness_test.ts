/**
 * Tests of freshness: since when a state was certainly the newest.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Freshness } from "./freshness.ts";

Deno.test("a state is as new as the latest fact that it covers (R8)", () => {
  const freshness = new Freshness();
  assertEquals(freshness.of(100), null);
  freshness.know(10, 5);
  freshness.know(20, 7);
  freshness.know(30, 7);
  freshness.know(40, 9);
  assertEquals([4, 5, 6, 7, 8].map((applied) => freshness.of(applied)), [null, 10, 10, 30, 30]);
  assertEquals([freshness.of(9), freshness.of(1000)], [40, 40]);
});

Deno.test("a fact that comes late takes nothing back (R8)", () => {
  const freshness = new Freshness();
  freshness.know(20, 7);
  freshness.know(10, 9);
  freshness.know(30, 6);
  assertEquals([freshness.of(7), freshness.of(9)], [20, 20]);
});

Deno.test("the facts that wait for a slow application are bounded", () => {
  const freshness = new Freshness();
  for (let number = 1; number <= 10_000; number++) freshness.know(number, number);
  assertEquals(freshness.of(1), null);
  assertEquals(freshness.of(9_990), 9_990);
});
