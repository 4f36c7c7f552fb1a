/**
 * Tests of the pressure, of how long entries wait for it, and that what is owed stays bounded.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { VirtualClock } from "../../../tests/sim/virtual_clock.ts";
import { type Levels, planMerge, replaceTables, type TableInfo } from "./levels.ts";
import { Brake, Pressure, restMsOf } from "./pressure.ts";

const MIB = 2 ** 20;
const OPTIONS = { memoryBytes: 16 * MIB, level0Tables: 4, level1Bytes: 64 * MIB };

function table(number: number, bytes: number, keys = "az"): TableInfo {
  return { number, bytes, summary: { smallest: keys[0]!, largest: keys[1]! } };
}

function pressureOf(levels: Levels<TableInfo>): number {
  return new Pressure(OPTIONS).of(0, levels);
}

function tables(count: number, bytes = 8 * MIB): TableInfo[] {
  return Array.from({ length: count }, (_, number) => table(number, bytes));
}

Deno.test("the pressure grows with the tables of level 0, and with what levels have above their limits", () => {
  assertEquals([0, 4, 8, 16].map((count) => pressureOf([tables(count)])), [
    0,
    0.25,
    0.5,
    1,
  ]);
  assertEquals(pressureOf([[], tables(8), tables(64)]), 0);
  assertEquals(pressureOf([[], tables(8 + 24)]), 0.5);
  assertEquals(pressureOf([[], tables(8 + 24), tables(64 + 48)]), 0.75);
  const pressure = new Pressure(OPTIONS);
  const levels = [tables(4)];
  assertEquals([0, 16, 24, 99].map((mib) => pressure.of(mib * MIB, levels)), [0.25, 0.5, 0.75, 1]);
});

Deno.test("entries wait not at all up to half of the pressure, then longer without a step", () => {
  for (const pressure of [0, 0.2, 0.5]) assertEquals(restMsOf(MIB, pressure), 0);
  let before = 0;
  for (let pressure = 0.51; pressure < 0.995; pressure += 0.01) {
    const ms = restMsOf(MIB, pressure);
    assertGreater(ms, before);
    // A table more or less changes the pace by a part, and never from all to nothing.
    if (before > 0 && pressure < 0.9) assertLess(ms, 2.2 * before);
    before = ms;
  }
  assertEquals(Math.round(restMsOf(MIB, 0.75)), 200);
});

Deno.test("Brake lets entries rest after so many bytes, and says when they may go on", async () => {
  const clock = new VirtualClock();
  let released = 0;
  const brake = new Brake(clock, () => released++);
  const apply = (bytes: number, pressure: number) => brake.applied({ count: 0, bytes }, pressure);
  apply(100 * MIB, 0.5);
  assert(!brake.isOn);
  // Little is owed until it is worth a rest.
  for (let part = 0; part < 5; part++) apply(1000, 0.75);
  assert(!brake.isOn);
  apply(1000, 0.75);
  assert(brake.isOn);
  await clock.sleep(10);
  assertEquals([brake.isOn, released], [false, 1]);
  apply(100 * MIB, 0.999);
  await clock.sleep(49);
  assert(brake.isOn);
  // Reads wait for a rest as well: none is long.
  await clock.sleep(2);
  assertEquals([brake.isOn, released], [false, 2]);
});

/** The result of a merge: tables of eight mebibytes over the range of what was merged. */
function divided(inputs: readonly TableInfo[], bytes: number): TableInfo[] {
  const from = Math.min(...inputs.map(({ summary }) => Number(summary.smallest)));
  const to = Math.max(...inputs.map(({ summary }) => Number(summary.largest)));
  const count = Math.max(1, Math.round(bytes / (8 * MIB)));
  const place = (part: number) => Math.floor(from + (to + 1 - from) * part / count);
  return Array.from({ length: count }, (_, part) => ({
    number: part,
    bytes: bytes / count,
    summary: { smallest: digits(place(part)), largest: digits(place(part + 1) - 1) },
  }));
}

function everywhere(number: number, bytes: number): TableInfo {
  return { number, bytes, summary: { smallest: digits(0), largest: digits(999_999_999) } };
}

function digits(number: number): string {
  return String(number).padStart(9, "0");
}

/**
 * A store under a load that its merges cannot follow: for each byte that is applied a bounded number
 * is merged, in virtual time.
 */
function loaded({ seconds, mergeMibPerSecond, loadMibPerSecond }: {
  readonly seconds: number;
  readonly mergeMibPerSecond: number;
  readonly loadMibPerSecond: number;
}) {
  let levels: readonly (readonly TableInfo[])[] = [];
  let [applied, memory, merged, number, worst, slowest] = [0, 0, 0, 0, 0, 0];
  for (let ms = 0; ms < seconds * 1000;) {
    const bytes = 64 * 1024;
    const pressure = pressureOf(levels);
    worst = Math.max(worst, pressure);
    if (pressure >= 1) {
      // Full: nothing is applied, only merged.
      ms += 10;
      merged += mergeMibPerSecond * MIB / 100;
      slowest = Infinity;
    } else {
      const rest = Math.min(50, restMsOf(bytes, pressure));
      slowest = Math.max(slowest, rest);
      const step = bytes / (loadMibPerSecond * MIB / 1000) + rest;
      ms += step;
      merged += mergeMibPerSecond * MIB / 1000 * step;
      applied += bytes;
      memory += bytes;
    }
    if (memory >= OPTIONS.memoryBytes) {
      levels = [[everywhere(++number, memory), ...levels[0] ?? []], ...levels.slice(1)];
      memory = 0;
    }
    for (;;) {
      const plan = planMerge(levels, OPTIONS, number);
      const cost = plan?.from.flat().reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
      if (plan === null) merged = 0;
      if (plan === null || cost > merged) break;
      merged -= cost;
      levels = replaceTables(levels, plan, divided(plan.from.flat(), cost));
    }
  }
  return { applied: applied / MIB / seconds, worst, slowest };
}

Deno.test("under a load that merges cannot follow, writes slow down, are never stopped, and what is owed stays bounded", () => {
  for (const mergeMibPerSecond of [20, 40, 80]) {
    const run = loaded({ seconds: 600, mergeMibPerSecond, loadMibPerSecond: 60 });
    assertLess(run.worst, 1, `merges of ${mergeMibPerSecond} MiB/s: ${JSON.stringify(run)}`);
    assertLess(run.slowest, 51);
    assertGreater(run.applied, mergeMibPerSecond / 30);
  }
});
