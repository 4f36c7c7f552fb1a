/**
 * Tests of feature levels: which requests have which, and how programs announce theirs.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { featuresOf, levelOf, levelOfFeatures, LEVELS } from "./levels.ts";
import { OPERATIONS } from "../command/mod.ts";

Deno.test("levels follow from the operations of a request, and are announced as bits", () => {
  const put = { op: "put", key: "k", value: new Uint8Array(1) } as const;
  const level = (...then: readonly ({ op: "grant"; lease: number; ttl: number } | typeof put)[]) =>
    levelOf({ type: "batch", batch: { checks: [], then, otherwise: [], at: 0 } });
  assertEquals(level(put), 2);
  assertEquals(level(put, { op: "grant", lease: 1, ttl: 1000 }), 3);
  assertEquals(level({ ...put, lease: 1 } as typeof put), 3);
  for (const last of [3, 4, 9]) {
    assertEquals(levelOfFeatures(featuresOf({ first: 3, last }), { first: 3, last: 3 }), last);
  }
  assertEquals(levelOfFeatures(0b1011, { first: 3, last: 3 }), 5);
  assertEquals(levelOfFeatures(0), LEVELS.first);
});

Deno.test("this program knows every operation of its table", () => {
  const levels = Object.values(OPERATIONS).flatMap((
    { since, later },
  ) => [since, later?.since ?? 0]);
  assertEquals(levels.filter((level) => level > LEVELS.last), []);
});
