/**
 * Tests of the page of a soak: its content and its escaping.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { findBrowser, withPage } from "../../pages/browser.ts";
import type { SoakResult } from "../../processes/soak.ts";
import { soakPage } from "../../processes/soak_page.ts";

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

Deno.test("soakPage leaves a gap where nothing was answered, in place of a fall to zero", () => {
  const silent = { done: 0, unknown: 0, latenciesMs: [] };
  const seconds = [...good.seconds.slice(0, 50), silent, ...good.seconds.slice(50)];
  const none = { atMs: 2000, memoryBytesMax: null, diskBytesMax: null };
  const [first] = good.samples;
  const page = soakPage({ ...good, seconds, samples: [first!, none, { ...first!, atMs: 4000 }] });
  // Two latencies, memory and disk are in two parts; answered and unknown are counts, so in one.
  assertEquals(page.match(/<polyline/g)?.length, 10);
});

Deno.test("soakPage gives memory and disk an axis each", () => {
  const page = soakPage(good);
  assertStringIncludes(page, "memory of the largest node, MiB");
  assertStringIncludes(page, "disk of the largest node, MiB");
  // 64 MiB of memory and 1 MiB of disk.
  assertStringIncludes(page, ">80</text>");
  assertStringIncludes(page, ">0.5</text>");
});

const hasBrowser = findBrowser() !== null;
if (!hasBrowser) console.log("skipped: the soak page in a browser, for no Chromium is installed");

const CUT_TEXTS = `[...document.querySelectorAll("svg text, h1, dt")].filter((text) => {
  const { left, right } = text.getBoundingClientRect();
  return left < 16 || right > innerWidth - 16;
}).map((text) => text.textContent)`;

Deno.test({
  name: "soakPage keeps its texts off the edges and can be read in the dark",
  ignore: !hasBrowser, // it is laid out by a real browser
  fn: async () => {
    for (const width of [700, 1200, 1600]) {
      await withPage(soakPage(good), async (page) => {
        assertEquals(await page.evaluate(CUT_TEXTS), []);
      }, { width });
    }
    await withPage(soakPage(good), async (page) => {
      const colours = await page.evaluate(
        "[document.body, document.querySelector('polyline')].map((one) => [getComputedStyle(one)].map((style) => [style.backgroundColor, style.stroke])).flat()",
      );
      assertEquals(colours, [["rgb(21, 24, 29)", "none"], [
        "rgba(0, 0, 0, 0)",
        "rgb(88, 185, 131)",
      ]]);
    }, { theme: "dark" });
  },
});
