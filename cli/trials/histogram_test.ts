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

Deno.test("histogram adds what another one has counted", () => {
  const [one, other] = [new Histogram(), new Histogram()];
  for (let ms = 1; ms <= 50; ms++) one.add(ms);
  for (let ms = 51; ms <= 100; ms++) other.add(ms);
  one.merge(other);
  assertEquals([one.count, one.maxMs, one.meanMs], [100, 100, 50.5]);
  assert(Math.abs(one.percentile(0.75) - 75) < 2);
});
