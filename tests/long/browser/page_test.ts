/**
 * The live page of `kontiki up` in a headless Chromium: a leader is cut off by mouse, an election
 * happens under the eyes of the reader, everything heals. Left out where no Chromium is on the path.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { startCommand } from "../../helpers/commands.ts";
import { inTime, until } from "../../helpers/until.ts";
import { withFolder } from "../../helpers/with_folder.ts";
import { type Browser, findBrowser, withPage, withUrl } from "../../pages/browser.ts";

const hasBrowser = findBrowser() !== null;
if (!hasBrowser) console.log("skipped: the live page in a browser, for no Chromium is installed");

/** Runs with a cluster of three nodes, and the address of its page. */
async function withPageOfCluster(work: (url: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const up = startCommand(["up", "--serve", "--json", "--data", `${folder}/data`]);
    try {
      const reader = up.stdout.pipeThrough(new TextDecoderStream() as never).getReader();
      const { value } = await inTime(reader.read() as Promise<{ value?: string }>, "the cluster");
      await reader.cancel();
      await work(JSON.parse(value!).http);
    } finally {
      up.kill("SIGTERM");
      await up.stdin.close().catch(() => {});
      await up.stderr.cancel();
      await up.status;
    }
  });
}

/** The text of an element. */
async function textOf(page: Browser, selector: string): Promise<string> {
  return String(await page.evaluate(`document.querySelector("${selector}").textContent`));
}

/** The node that leads, as the head of the page says; `null`: none. */
async function leaderOn(page: Browser): Promise<number | null> {
  const found = /^n(\d) leads/.exec(await textOf(page, "#status"));
  return found === null ? null : Number(found[1]);
}

/** Clicks in the middle of an element. */
async function click(page: Browser, selector: string): Promise<void> {
  const box = await page.evaluate(`(() => {
    const { x, y, width, height } = document.querySelector(${JSON.stringify(selector)})
      .getBoundingClientRect();
    return [x + width / 2, y + height / 2];
  })()`) as [number, number];
  await page.click(...box);
}

Deno.test({
  name: "a leader is cut off by mouse, another is elected, and healing brings the old one back",
  ignore: !hasBrowser, // the page needs a Chromium
  fn: async () => {
    await withPageOfCluster((url) =>
      withUrl(url, async (page) => {
        await until(async () => await leaderOn(page) !== null, "a leader on the page");
        const old = await leaderOn(page);
        await page.evaluate('document.getElementById("load").click()');
        const others = [1, 2, 3].filter((id) => id !== old);
        for (const other of others) {
          const [a, b] = [Math.min(old!, other), Math.max(old!, other)];
          await click(page, `g[aria-label^="link between n${a} and n${b}"] .scissors`);
          const cut = `g[aria-label="link between n${a} and n${b}: cut"]`;
          await until(async () =>
            await page.evaluate(`!!document.querySelector('${cut}')`) === true
          );
        }
        await until(async () => {
          const leader = await leaderOn(page);
          return leader !== null && leader !== old;
        }, "another leader on the page");
        assert((await textOf(page, "#history")).includes("leads in term"));
        assertEquals(await page.evaluate('document.querySelectorAll(".link.cut").length'), 2);
        await page.evaluate('document.getElementById("heal").click()');
        await until(async () => {
          const cards = await page.evaluate(
            '[...document.querySelectorAll(".pill")].map((pill) => pill.textContent)',
          ) as string[];
          return cards.filter((text) => text.startsWith("follower")).length === 2;
        }, "two followers");
        const cuts = () => page.evaluate('document.querySelectorAll(".link.cut").length');
        await until(async () => await cuts() === 0, "the links");
        await until(async () => (await textOf(page, "#entries")).includes("load/"), "the keys");
      })
    );
  },
});

/** When the browser has shown something for the first time, in milliseconds. */
async function firstPaint(page: Browser): Promise<number> {
  const entries = 'performance.getEntriesByName("first-contentful-paint")';
  await until(async () => await page.evaluate(`${entries}.length`) === 1, "the first paint");
  return Number(await page.evaluate(`${entries}[0].startTime`));
}

/** When the script of the page began, in milliseconds. */
async function scriptBegin(page: Browser): Promise<number> {
  const marks = 'performance.getEntriesByName("script")';
  await until(async () => await page.evaluate(`${marks}.length`) === 1, "the script");
  return Number(await page.evaluate(`${marks}[0].startTime`));
}

/** On a machine with other work an empty page may take longer than this. */
const PAINT_MS_MAX = 200;
/** What the script waits for is the frame; the browser counts a paint when it is on the screen. */
const FRAMES_MS = 50;
/** The script does not wait longer for the first paint. */
const SCRIPT_MS_MAX = 1500;

Deno.test({
  name: "every first paint comes before the script, and within 200 ms on a machine that is free",
  ignore: !hasBrowser, // the page needs a Chromium
  fn: async () => {
    await withPageOfCluster(async (url) => {
      const times: { page: number; empty: number }[] = [];
      let isSoon = false;
      for (let round = 0; round < 6 && !isSoon; round++) {
        let [page, empty, script] = [Infinity, Infinity, 0];
        await withUrl(url, async (shown) => {
          [page, script] = [await firstPaint(shown), await scriptBegin(shown)];
        });
        await withPage("<!doctype html><p>empty", async (shown) => {
          empty = await firstPaint(shown);
        });
        const isLater = page <= script + FRAMES_MS || script >= SCRIPT_MS_MAX;
        assert(isLater, `the script began after ${script} ms, the paint after ${page} ms`);
        times.push({ page, empty });
        isSoon = page < Math.max(PAINT_MS_MAX, 3 * empty);
      }
      const text = times.map(({ page, empty }) => `${page.toFixed(0)} (${empty.toFixed(0)})`);
      console.log(`first paint after ${text.join(", ")} ms; an empty page in brackets`);
      assert(isSoon, text.join());
    });
  },
});

Deno.test({
  name: "a link is delayed by its button, and healing ends it",
  ignore: !hasBrowser, // the page needs a Chromium
  fn: async () => {
    await withPageOfCluster((url) =>
      withUrl(url, async (page) => {
        await until(async () => await leaderOn(page) !== null, "a leader on the page");
        const button = 'g[aria-label^="delay between n1 and n2"]';
        const delays = async () =>
          await page.evaluate(
            '[...document.querySelectorAll(".delay.on")].map((each) => each.textContent)',
          );
        for (const shown of ["20 ms", "100 ms"]) {
          await click(page, button);
          await until(async () => `${await delays()}` === shown, shown);
        }
        await page.evaluate(`document.querySelector('${button}').focus()`);
        await page.press(" ");
        await until(async () => `${await delays()}` === "500 ms", "500 ms by keyboard");
        await page.evaluate('document.getElementById("heal").click()');
        await until(async () => `${await delays()}` === "", "no delay");
      })
    );
  },
});

Deno.test({
  name: "a node is killed and started by keyboard and button, on a narrow dark screen",
  ignore: !hasBrowser, // the page needs a Chromium
  fn: async () => {
    await withPageOfCluster((url) =>
      withUrl(url, async (page) => {
        await until(async () => await leaderOn(page) !== null, "a leader on the page");
        const width = await page.evaluate("document.documentElement.scrollWidth");
        assertEquals(width, 420);
        const ink = 'getComputedStyle(document.documentElement).getPropertyValue("--ink").trim()';
        assertEquals(await page.evaluate(ink), "#e8edf5");
        const role = () => textOf(page, ".card:nth-child(2) .pill");
        await page.evaluate(
          'document.querySelector(".card:nth-child(2) .actions button:nth-child(3)").click()',
        );
        await until(async () => (await role()).startsWith("stopped"), "a stopped node");
        await page.evaluate(
          'document.querySelector(".card:nth-child(2) .actions button:nth-child(3)").click()',
        );
        await until(async () => /^(follower|leader)/.test(await role()), "the node again");
        await page.press("2");
        assertEquals(await page.evaluate('document.querySelectorAll(".card.selected").length'), 1);
      }, { width: 420, height: 900, theme: "dark" })
    );
  },
});
