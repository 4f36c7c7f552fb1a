/**
 * Tests of lists page by page, on a scripted server: when pages are asked for.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import type { BatchOutcome } from "../../kv/mod.ts";
import { listRange, type ReadPage } from "./ranges.ts";

/** A server with keys 0 to 9, of which a page has three, at revision 7. */
class Pages {
  asked: string[] = [];
  failsAt = Infinity;

  readonly read: ReadPage = (operation, at): Promise<BatchOutcome> => {
    if (operation.op !== "range") throw new Error("wanted a range");
    const { start, end, limit, reverse } = operation;
    this.asked.push(`${start}..${end ?? ""}@${at}`);
    if (this.asked.length > this.failsAt) return Promise.resolve({ type: "compacted", oldest: 9 });
    const all = Array.from({ length: 10 }, (_, key) => `${key}`)
      .filter((key) => key >= start && (end === null || key < end));
    if (reverse) all.reverse();
    const count = Math.min(3, limit);
    const entries = all.slice(0, count).map((key) => {
      return { key, value: new Uint8Array(), version: 1, created: 1, revision: 1 };
    });
    const rest = all[count] ?? null;
    const next = rest === null ? null : reverse ? all[count - 1]! : rest;
    const results = [{ op: "range", entries, next }] as const;
    return Promise.resolve({
      type: "done",
      result: { held: true, revision: 7, failedChecks: [], results },
      ageMs: 5,
    });
  };
}

async function keys(list: AsyncGenerator<{ readonly key: string }>): Promise<string> {
  let text = "";
  for await (const { key } of list) text += key;
  return text;
}

Deno.test("a list shows all pages at the revision of the first, forward, backward and in part", async () => {
  const pages = new Pages();
  const ages: number[] = [];
  const aged = (ms: number): void => void ages.push(ms);
  assertEquals(await keys(listRange("", { aged }, pages.read)), "0123456789");
  assertEquals(pages.asked, ["..@0", "3..@7", "6..@7", "9..@7"]);
  assertEquals(ages, [5]);
  assertEquals(await keys(listRange("", { reverse: true }, pages.read)), "9876543210");
  assertEquals(await keys(listRange("", { limit: 7 }, pages.read)), "0123456");
  assertEquals(await keys(listRange({ start: "2", end: "6" }, {}, pages.read)), "2345");
  assertEquals(await keys(listRange("", { limit: 0 }, pages.read)), "");
});

Deno.test("a list asks for the next page while one is taken, but not while the first is", async () => {
  const pages = new Pages();
  const list = listRange("", {}, pages.read);
  for (const wanted of [1, 1, 1, 3, 3, 3, 4]) {
    await list.next();
    assertEquals(pages.asked.length, wanted);
  }
  await list.return();
  assertEquals(pages.asked.length, 4);
});

Deno.test("a page that cannot be read fails the list when its entries are wanted, and not before", async () => {
  const pages = new Pages();
  pages.failsAt = 2;
  const list = listRange("", {}, pages.read);
  for (let key = 0; key < 6; key++) assertEquals((await list.next()).value?.key, `${key}`);
  await assertRejects(() => list.next(), Error, "the oldest that is there is 9");
  const stopped = listRange("", {}, new Pages().read);
  pages.failsAt = pages.asked.length + 2;
  const ended = listRange("", {}, pages.read);
  for (let key = 0; key < 4; key++) for (const each of [stopped, ended]) await each.next();
  for (const each of [stopped, ended]) assertEquals((await each.return()).done, true);
});
