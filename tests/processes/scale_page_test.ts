/**
 * Tests of the page of a store that grows.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { aimLines, costLines, scalePage, type ScaleRow } from "./scale_page.ts";

const ROW: ScaleRow = {
  step: "puts <of> new keys",
  perSecond: 500,
  p50Ms: 1.25,
  p99Ms: 9,
  p999Ms: 20,
  failures: 3,
  memoryMiB: [120, 130],
  lagMs: 11.6,
  waited: 0.256,
  term: 2,
  diskMiB: 44,
  levels: "1 5",
  writeAmplification: 2.04,
  spaceAmplification: 1.5,
  tablesPerGet: 3,
};

Deno.test("scalePage shows each step in a row, with a bar as long as its speed", () => {
  const rows = [ROW, { ...ROW, step: "gets", perSecond: 1000 }];
  const page = scalePage(rows, { keys: 7000, valueBytes: 100, costs: [], aims: ["a < b"] });
  assert(page.includes("<title>7000 keys of 100 bytes</title>"));
  assert(page.includes("<td>puts &lt;of> new keys</td><td>500</td>"));
  assert(
    page.includes(
      "<td>120 130</td><td>12</td><td>26 %</td><td>2</td><td>44</td><td>1 5</td><td>2.0×</td>",
    ),
  );
  assert(page.includes("<pre>a &lt; b\n"));
  const bars = [...page.matchAll(/<rect width="(\d+)"/g)].map(([, width]) => Number(width));
  assertEquals(bars, [100, 200]);
});

Deno.test("costLines draws the cost of a put as bars", () => {
  const lines = costLines([
    { keys: 1000, perSecond: 20_000.4, cpuUs: 10 },
    { keys: 10_000, perSecond: 10_000, cpuUs: 20 },
  ]);
  assertEquals(
    lines[0]!.trim(),
    `1000 keys    20000/s    10.0 µs of the leader a put  ${"#".repeat(20)}`,
  );
  assert(lines[1]!.endsWith(` ${"#".repeat(40)}`));
});

Deno.test("aimLines says of every aim whether it is met", () => {
  const seen = {
    ...{ memoryMiB: 511, changes: 0, tail: 9.5, lagMs: 30, puts: 0.8, gets: 0.4 },
    ...{
      restartSeconds: 3.1,
      restartCpuSeconds: 1,
      caughtUpSeconds: 60,
      caughtUpBytes: 1.05,
      slower: 1.5,
    },
    ...{ writeAmplification: 9, spaceAmplification: 2.1, tablesPerGet: 6 },
  };
  const lines = aimLines(seen);
  assertEquals(lines.filter((line) => line.endsWith(": MISSED")).map((line) => line.slice(0, 20)), [
    "gets, full against e",
    "restart             ",
    "space amplification ",
  ]);
  assertEquals(lines.filter((line) => line.endsWith(": met")).length, 7);
});
