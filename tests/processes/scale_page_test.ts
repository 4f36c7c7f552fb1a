/**
 * Tests of the page of a store that grows.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { scalePage, type ScaleRow } from "./scale_page.ts";

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
};

Deno.test("scalePage shows each step in a row, with a bar as long as its speed", () => {
  const rows = [ROW, { ...ROW, step: "gets", perSecond: 1000 }];
  const page = scalePage(rows, { keys: 7000, valueBytes: 100 });
  assert(page.includes("<title>7000 keys of 100 bytes</title>"));
  assert(page.includes("<td>puts &lt;of> new keys</td><td>500</td>"));
  assert(
    page.includes(
      "<td>120 130</td><td>12</td><td>26 %</td><td>2</td><td>44</td><td>1 5</td><td>2.0×</td>",
    ),
  );
  const bars = [...page.matchAll(/<rect width="(\d+)"/g)].map(([, width]) => Number(width));
  assertEquals(bars, [100, 200]);
});
