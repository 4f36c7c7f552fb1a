/**
 * Tests of the page of a soak: its content and its escaping.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { SoakResult } from "./soak.ts";
import { soakPage } from "./soak_page.ts";

const good: SoakResult = {
  options: { seed: 7, durationMs: 120_000, nodes: 5, clients: 50 },
  operations: 12_345,
  unknown: 6,
  verdicts: { ok: 12, illegal: 0, unknown: 0 },
  lost: 0,
  keys: 240,
  failure: null,
  seconds: Array.from({ length: 120 }, (_, place) => ({
    done: 100 + place,
    unknown: place % 7,
    latenciesMs: [1, 2, 3 + place],
  })),
  samples: [{ atMs: 0, memoryBytesMax: 2 ** 26, diskBytesMax: 2 ** 20 }],
  annotations: [
    { kind: "partition", start: 1000, end: 2000, text: "halves" },
    { kind: "crash", start: 5000, end: null, text: 'kill -9 <n1> & "n2"' },
  ],
};

Deno.test("soakPage states the result and draws every fault", () => {
  const page = soakPage(good);
  assertStringIncludes(page, "all is well");
  assertStringIncludes(page, "12,345 (6 of unknown outcome)");
  assertStringIncludes(page, "halves, 1.0 s to 2.0 s");
  assertEquals(page.match(/<polyline/g)?.length, 6);
  assert(!page.includes("NaN") && !page.includes("Infinity"));
});

Deno.test("soakPage escapes texts", () => {
  const page = soakPage({ ...good, failure: "<script>" });
  assertStringIncludes(page, "kill -9 &lt;n1> &amp; &quot;n2&quot;");
  assert(!page.includes("<script>"));
});

Deno.test("soakPage distinguishes every kind of failure from success", () => {
  const bad: readonly Partial<SoakResult>[] = [
    { lost: 1 },
    { failure: "n1 ended by itself" },
    { verdicts: { ok: 11, illegal: 1, unknown: 0 } },
    { verdicts: { ok: 11, illegal: 0, unknown: 1 } },
  ];
  for (const change of bad) {
    assertStringIncludes(soakPage({ ...good, ...change }), "something is wrong");
  }
});

Deno.test("soakPage draws a soak without any second", () => {
  const page = soakPage({ ...good, seconds: [], samples: [], annotations: [] });
  assert(!page.includes("NaN") && !page.includes("Infinity"));
});
