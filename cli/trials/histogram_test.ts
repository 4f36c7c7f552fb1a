/**
 * Tests of percentiles from buckets.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Histogram } from "./histogram.ts";

Deno.test("histogram is within two percent of the true percentile", () => {
  const histogram = new Histogram();
  for (let at = 1; at <= 10_000; at += 1) histogram.add(at / 100);
  for (const share of [0.01, 0.5, 0.9, 0.99, 0.999]) {
    const wanted = share * 100;
    const got = histogram.percentile(share);
    assert(Math.abs(got - wanted) <= wanted * 0.02, `${share}: wanted ${wanted}, got ${got}`);
  }
  assertEquals([histogram.count, histogram.maxMs, histogram.percentile(1)], [10_000, 100, 100]);
  assert(Math.abs(histogram.meanMs - 50.005) < 1e-6);
});

Deno.test("histogram accepts zero and very long times", () => {
  const histogram = new Histogram();
  assertEquals([histogram.percentile(0.5), histogram.meanMs], [0, 0]);
  histogram.add(0);
  histogram.add(1e9);
  assertEquals(histogram.percentile(1), 1e9);
});
