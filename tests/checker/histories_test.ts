/**
 * Tests of the checker on a corpus of small histories, each with its verdict and, in a comment, the
 * reason.
 *
 * @module
 */

import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { check } from "./search/linearizability.ts";
import { filesBelow } from "../helpers/files_below.ts";
import { parseHistory } from "./history.ts";
import { isLinearizable } from "./search/naive_checker.ts";

const folder = new URL("../histories/", import.meta.url);
const names = filesBelow(folder, ".jsonl");

for (const name of names) {
  Deno.test(`check returns the expected verdict on ${name}`, () => {
    const text = Deno.readTextFileSync(new URL(name, folder));
    assert(text.startsWith("# "), "wanted the reason in the first line");
    const { model, operations, expect } = parseHistory(text);
    assertEquals(`${expect}`, name.slice(0, name.indexOf("/")));
    assertEquals(check(model.model, operations).verdict, expect);
    // The oracle takes factorial time in the number of overlapping operations.
    if (operations.length <= 9) {
      assertEquals(isLinearizable(model.model, operations), expect === "ok");
    }
  });
}

Deno.test("corpus has at least sixty histories, half of them illegal", () => {
  const illegal = names.filter((name) => name.startsWith("illegal/")).length;
  assertGreaterOrEqual(names.length, 60);
  assertGreaterOrEqual(illegal, names.length / 2);
});
