/**
 * Tests of the planning of merges: no version may end up above a newer version of its key.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  isBelow,
  owedOf,
  planAll,
  planMerge,
  replaceTables,
  tableFor,
  type TableInfo,
  within,
} from "./levels.ts";

const OPTIONS = { level0Tables: 2, level1Bytes: 100 };

function table(number: number, keys: string, bytes = 10): TableInfo {
  return { number, bytes, summary: { smallest: keys[0]!, largest: keys[1]! } };
}

function numbers(tables: readonly TableInfo[] = []): number[] {
  return tables.map(({ number }) => number);
}

Deno.test("planMerge plans nothing until a level is too large", () => {
  assertEquals(planMerge([], OPTIONS, 0), null);
  assertEquals(planMerge([[table(1, "az")], [table(2, "az", 100)]], OPTIONS, 0), null);
});

Deno.test("planMerge takes the tables of level 0 and the overlapping tables of level 1, new before old", () => {
  const levels = [
    [table(9, "kp"), table(8, "cd")],
    [table(1, "ab"), table(2, "bc"), table(3, "lm"), table(4, "qz")],
  ];
  const plan = planMerge(levels, OPTIONS, 0)!;
  assertEquals([numbers(plan.from.flat()), plan.level], [[9, 8, 2, 3], 1]);
});

Deno.test("planMerge takes no more than the oldest tables of a long level 0", () => {
  const newest = [9, 8, 7, 6, 5, 4].map((number) => table(number, "kp"));
  const plan = planMerge([newest, [table(1, "ab"), table(2, "mn")]], OPTIONS, 0)!;
  assertEquals(plan.from.map(numbers), [[5, 4], [2]]);
});

Deno.test("tableFor and within find the tables of a level that may hold keys", () => {
  const level = [table(1, "bd"), table(2, "fh"), table(3, "km")];
  const found = ["a", "b", "e", "h", "l", "n"].map((key) => tableFor(level, key)?.number);
  assertEquals(found, [1, 1, 2, 2, 3, undefined]);
  assertEquals(numbers(within(level, { from: "d", to: "f" })), [1]);
  assertEquals(numbers(within(level, { from: "e", to: null })), [2, 3]);
  assertEquals(numbers(within(level, { from: "i", to: "k" })), []);
});

Deno.test("planMerge takes one table of a full level at a time, in turn", () => {
  const levels = [[], [table(1, "af", 60), table(2, "gz", 60)], [table(3, "ac"), table(4, "eh")]];
  assertEquals(numbers(planMerge(levels, OPTIONS, 0)!.from.flat()), [1, 3, 4]);
  assertEquals(numbers(planMerge(levels, OPTIONS, 1)!.from.flat()), [2, 4]);
  assertEquals(planMerge(levels, OPTIONS, 1)!.level, 2);
});

Deno.test("planMerge allows each level eight times the size of the level above", () => {
  assertEquals(planMerge([[], [], [table(1, "az", 800)]], OPTIONS, 0), null);
  assertEquals(planMerge([[], [], [table(1, "az", 801)]], OPTIONS, 0)!.level, 3);
});

Deno.test("planMerge takes the level first that owes the largest part of what it may", () => {
  const level0 = (count: number): TableInfo[] =>
    Array.from({ length: count }, (_, number) => table(10 + number, "az"));
  const below = [[table(1, "az", 650)], [table(2, "az", 1200)]];
  assertEquals(owedOf([level0(6), ...below], OPTIONS), [6 / 8, 550 / 600, 400 / 800]);
  assertEquals(planMerge([level0(6), ...below], OPTIONS, 0)!.level, 2);
  assertEquals(planMerge([level0(8), ...below], OPTIONS, 0)!.level, 1);
  assertEquals(planMerge([level0(2), [], below[1]!], OPTIONS, 0)!.level, 3);
});

Deno.test("replaceTables orders tables by their keys", () => {
  const levels = [[table(9, "kp"), table(8, "cd")], [table(1, "ab"), table(4, "qz")]];
  const plan = planMerge(levels, OPTIONS, 0)!;
  const after = replaceTables(levels, plan, [table(10, "ce"), table(11, "fp")]);
  assertEquals(after.map(numbers), [[], [1, 10, 11, 4]]);
});

Deno.test("planAll ends on the lowest level that has a table", () => {
  assertEquals(planAll([]), null);
  assertEquals(planAll([[table(1, "az")]])!.level, 1);
  const all = planAll([[table(3, "az")], [table(2, "az")], [table(1, "az")], []])!;
  assertEquals([numbers(all.from.flat()), all.level], [[3, 2, 1], 2]);
});

Deno.test("isBelow considers only lower levels", () => {
  const levels = [[table(1, "az")], [table(2, "ac")], [table(3, "dm")]];
  assertEquals([isBelow(levels, 0, "b"), isBelow(levels, 1, "b")], [true, false]);
  assertEquals([isBelow(levels, 1, "d"), isBelow(levels, 1, "m"), isBelow(levels, 2, "e")], [
    true,
    true,
    false,
  ]);
});
