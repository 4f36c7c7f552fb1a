/**
 * The timeline page: its text, and what a real browser makes of it.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertFalse,
  assertGreater,
  assertStringIncludes,
} from "@std/assert";
import { findBrowser, withPage } from "./browser.ts";
import type { Annotation } from "../checker/history.ts";
import { check, type Operation } from "../checker/search/mod.ts";
import {
  type RegisterInput,
  registerModel,
  type RegisterOutput,
} from "../checker/register_model.ts";
import { describeResult } from "../checker/check_report.ts";
import { pageScript } from "./page_script.ts";
import { timelinePage } from "./timeline.ts";

type History = Operation<RegisterInput, RegisterOutput>[];

const EVIL = `</script><script>document.documentElement.dataset.evil="1"</script><img src=x>&"'`;

const annotations: Annotation[] = [
  { kind: "partition", start: 1, end: 3, text: "[n1] | [n2 n3]" },
  { kind: "crash", start: 2, end: null, text: EVIL },
  { kind: "info", start: 2.5, end: 2.5, text: "a moment" },
];

function pageOf(operations: History, title = "a title", notes = annotations): string {
  const result = check(registerModel, operations);
  const timeline = { title, model: registerModel, operations, annotations: notes };
  return timelinePage(timeline, result);
}

function write(value: string, call: number, end: number | null, client = 0): History[number] {
  return {
    client,
    call,
    return: end,
    input: { op: "write", key: EVIL, value },
    output: end === null ? null : { op: "write" },
  };
}

function read(value: string | null, call: number, end: number, client = 1, key = EVIL) {
  const input = { op: "read", key } as const;
  return { client, call, return: end, input, output: { op: "read", value } } as const;
}

const stale: History = [
  write("old", 0, 1),
  write(EVIL, 2, 3),
  write("lost", 3.5, null, 2),
  read("old", 4, 6),
  read(EVIL, 4, 5, 3),
];

function manyOperations(): History {
  return Array.from({ length: 12_000 }, (_, n) => {
    const [client, round] = [n % 40, Math.floor(n / 40)];
    return { ...read(null, round * 10 + client / 10, round * 10 + 6 + client / 10), client };
  });
}

Deno.test("timelinePage names the verdict and the failing part when the history is illegal", () => {
  const page = pageOf(stale);
  assertStringIncludes(page, `<span class="verdict illegal">Not linearizable</span>`);
  assertStringIncludes(page, "This operation fits in no order");
  assertStringIncludes(page, "client 1, from 4 to 6 ms");
  assertStringIncludes(pageOf([]), `<span class="verdict ok">Linearizable</span>`);
});

Deno.test("timelinePage and the words of the verdict count time as the history does", () => {
  const late = stale.map((each) => ({
    ...each,
    call: each.call + 5000.5,
    return: each.return === null ? null : each.return + 5000.5,
  }));
  assertStringIncludes(pageOf(late, "late", []), "client 1, from 5004.5 to 5006.5 ms");
  const file = {
    ...{ model: { model: registerModel }, title: "late", expect: null },
    ...{ operations: late, annotations: [] },
  } as unknown as Parameters<typeof describeResult>[0];
  const words = describeResult(file, check(registerModel, late), 1);
  assertStringIncludes(words, "client 1  [5004.5, 5006.5]");
});

Deno.test("modules of the page's script have no type errors in a browser", async () => {
  const folder = new URL("script/", import.meta.url);
  const { compilerOptions } = JSON.parse(await Deno.readTextFile(new URL("browser.json", folder)));
  const { lib: _lib, checkJs: _checkJs, ...strictness } = compilerOptions;
  const root = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  assertEquals(strictness, root.compilerOptions);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--config", "browser.json", "timeline.js"],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
});

Deno.test("pageScript joins modules into one that a browser can parse", () => {
  const script = pageScript(["view", "drawing", "moving", "timeline"]);
  assertFalse(/^(import|export) /m.test(script));
  // Throws for what is no script, such as a name that two modules declare.
  new Function(script);
});

Deno.test("timelinePage lets no text of the history become markup", () => {
  const page = pageOf(stale, EVIL);
  assertFalse(page.includes("<img"));
  assertEquals(page.split("</script>").length, 3);
});

Deno.test("timelinePage loads nothing from outside", () => {
  const page = pageOf(stale);
  for (const word of ["http:", "https:", "@import", "url(", 'src="', "<link"]) {
    assertFalse(page.includes(word), word);
  }
});

const hasBrowser = findBrowser() !== null;
if (!hasBrowser) console.log("skipped: the timeline in a browser, for no Chromium is installed");

const PIXEL = (canvas: string, x: string, y: string): string =>
  `[...document.getElementById("${canvas}").getContext("2d").getImageData(${x}, ${y}, 1, 1).data]`;

Deno.test({
  name: "timelinePage draws and answers the mouse when opened in a browser",
  ignore: !hasBrowser, // it draws in a real browser
  fn: () =>
    withPage(pageOf(stale, EVIL), async (page) => {
      const { dataset } = await page.evaluate(
        "({ dataset: { ...document.documentElement.dataset } })",
      ) as { dataset: Record<string, string> };
      assertEquals(dataset["rendered"], "5 operations, 4 rows, 3 bands");
      assertEquals([dataset["evil"], dataset["error"]], [undefined, undefined]);
      assertEquals(await page.evaluate("document.querySelector('h1').textContent"), EVIL);
      // Finds the failing bar by its colour in the second lane, and points at it.
      const spot = await page.evaluate(`(() => {
        const stage = document.getElementById("stage").getBoundingClientRect();
        const { width, height } = document.getElementById("lanes");
        const { data } = document.getElementById("lanes").getContext("2d").getImageData(0, 0, width, height);
        for (let n = 0; n < data.length; n += 4) {
          const [x, y] = [n / 4 % width, Math.floor(n / 4 / width)];
          if (x > 100 && data[n] === 217 && data[n + 1] === 45 && data[n + 2] === 58) {
            return [stage.left + x + 12, stage.top + y + 9];
          }
        }
        return null;
      })()`) as [number, number] | null;
      assert(spot !== null, "wanted a bar in the colour of failure, got none");
      await page.hover(...spot);
      const tip = await page.evaluate("document.getElementById('tip').textContent");
      assertStringIncludes(String(tip), `→ "old"`);
      assertStringIncludes(String(tip), "client 1, from 4 to 6 ms");
      assertStringIncludes(String(tip), "becomes impossible when this returns");
    }),
});

Deno.test({
  name: "timelinePage shows the text of the first tick whole, and all of a small history",
  ignore: !hasBrowser, // it draws in a real browser
  fn: () => {
    const other = [read(null, 0, 1, 4, "b"), read(null, 99, 100, 4, "b")];
    const history: History = [write("old", 40, 41), write("new", 42, 43), read("old", 44, 47)];
    return withPage(pageOf([...other, ...history], "small", []), async (page) => {
      assertEquals(await page.evaluate("document.documentElement.dataset.drawn"), "5");
      // The text "0 ms" is centred at the left end of the axis, so half of it is left of there.
      const inks = await page.evaluate(`(() => {
        const { data } = document.getElementById("top").getContext("2d").getImageData(70, 5, 14, 18);
        const colours = new Set();
        for (let n = 0; n < data.length; n += 4) colours.add(data.slice(n, n + 4).join());
        return colours.size;
      })()`);
      assertGreater(Number(inks), 1);
    });
  },
});

Deno.test({
  name: "timelinePage draws only what is in view when there are twelve thousand operations",
  ignore: !hasBrowser, // it draws in a real browser
  fn: () =>
    withPage(pageOf(manyOperations()), async (page) => {
      const drawn = async (): Promise<number> =>
        Number(
          await page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => done(document.documentElement.dataset.drawn)))",
          ),
        );
      const all = await drawn();
      assertGreater(all, 1000);
      for (let press = 0; press < 12; press++) {
        await page.evaluate("document.getElementById('in').click()");
      }
      const few = await drawn();
      assert(few > 0 && few < all / 20, `${few} of ${all} drawn after zooming in`);
      const color = await page.evaluate(PIXEL("map", "300", "30"));
      assert(Array.isArray(color) && color[3] > 0, "wanted an overview, got an empty canvas");
      const started = Date.now();
      await page.evaluate("document.getElementById('fit').click()");
      assertEquals(await drawn(), all);
      console.log(`12,000 operations: ${all} bars drawn again in ${Date.now() - started} ms`);
    }),
});
