/**
 * Tests of histories of batches as text: the example of the docs, unknown outcomes, wrong files.
 *
 * @module
 */

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  formatStoreHistory,
  isStoreHistory,
  judgeStoreHistory,
  parseStoreHistory,
} from "./store_file.ts";

const HEAD = `{"history":1,"model":"store"}\n`;

/** The example of docs/testing.md. */
async function example(): Promise<string> {
  const page = await Deno.readTextFile(new URL("../../docs/testing.md", import.meta.url));
  const found = [...page.matchAll(/^```json\n(.*?)^```$/gms)].map((match) => match[1]!);
  return found.find((text) => isStoreHistory(text))!;
}

Deno.test("the example of batches in docs/testing.md is right, and wrong with a lost write", async () => {
  const text = await example();
  const history = parseStoreHistory(text);
  assertEquals(judgeStoreHistory(history).verdict, "ok");
  assertEquals(parseStoreHistory(formatStoreHistory(history)), history);
  const lost = text.replace('"count":2', '"count":1');
  const { verdict, violation } = judgeStoreHistory(parseStoreHistory(lost));
  assertEquals(verdict, "illegal");
  assertMatch(`${violation}`, /"count":2/);
});

Deno.test("an end of a lease that the file does not name is a violation, and so is a wrong one", async () => {
  const text = await example();
  const without = text.split("\n").filter((line) => !line.includes("leaseEnd")).join("\n");
  assertEquals(judgeStoreHistory(parseStoreHistory(without)).verdict, "illegal");
  const wrong = text.replace(
    '"kind":"leaseEnd","key":"workers/ada"',
    '"kind":"leaseEnd","key":"jobs/1"',
  );
  const { violation } = judgeStoreHistory(parseStoreHistory(wrong));
  assertMatch(`${violation}`, /jobs\/1/);
});

Deno.test("a batch of unknown outcome counts when its mark is there, and decides nothing without one", () => {
  const put = (mark: string): string =>
    `{"client":1,"call":1,"return":null,"input":{"then":[{"op":"put","key":"a","value":"1"},` +
    `{"op":"put","key":"m1","value":""}]},"output":null${mark}}\n`;
  const get = (entry: string): string =>
    `{"client":2,"call":5,"return":6,"input":{"then":[{"op":"get","key":"a"}]},` +
    `"output":{"held":true,"revision":9,"results":[{"op":"get","entry":${entry}}]}}\n`;
  const found = `{"key":"a","value":"1","version":1,"created":7,"revision":7}`;
  const mark = `{"key":"m1","version":1,"created":7,"revision":7}\n`;
  const verdict = (...lines: string[]) =>
    judgeStoreHistory(parseStoreHistory(HEAD + lines.join(""))).verdict;
  assertEquals(verdict(put(',"mark":"m1"'), get(found), mark), "ok");
  assertEquals(verdict(put(',"mark":"m1"'), get("null")), "ok");
  assertEquals(verdict(put(',"mark":"m1"'), get("null"), mark), "illegal");
  assertEquals(verdict(put(""), get(found)), "unknown");
  assertEquals(verdict(put(""), get("null")), "ok");
  const twice = mark.replace('"version":1', '"version":2');
  assertEquals(verdict(put(',"mark":"m1"'), get(found), twice), "illegal");
  assertEquals(verdict(put(',"mark":"m1","never":true'), mark), "illegal");
});

Deno.test("a wrong file is refused with its line and field", () => {
  const wrong = (line: string): string => {
    const error = assertThrows(() => parseStoreHistory(`${HEAD}# comment\n${line}\n`), SyntaxError);
    return error.message;
  };
  assertMatch(wrong("{"), /line 3, column 2: wanted JSON/);
  assertMatch(wrong('{"client":1}'), /line 3, field call/);
  assertMatch(wrong('{"client":1,"call":1,"return":2,"input":{"than":[]},"output":null}'), /than/);
  assertMatch(
    wrong('{"client":1,"call":1,"return":2,"input":{"then":[{"op":"pat"}]},"output":null}'),
    /line 3, .*pat/,
  );
  assertMatch(wrong('{"key":"m1","revision":1}'), /line 3, field version/);
  assertMatch(wrong('{"revision":1,"changes":[{"kind":"gone","key":"k"}]}'), /field changes\[0\]/);
});
