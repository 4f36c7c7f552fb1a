/**
 * The corpus: small histories with a known verdict and the reason in a comment.
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
  Deno.test(`check gives the known verdict when it reads ${name}`, () => {
    const text = Deno.readTextFileSync(new URL(name, folder));
    assert(text.startsWith("# "), "wanted the reason in the first line");
    const { model, operations, expect } = parseHistory(text);
    assertEquals(`${expect}`, name.slice(0, name.indexOf("/")));
    assertEquals(check(model.model, operations).verdict, expect);
    // The oracle's time grows with the factorial of what overlaps.
    if (operations.length <= 9) {
      assertEquals(isLinearizable(model.model, operations), expect === "ok");
    }
  });
}

Deno.test("corpus has at least sixty histories when counted, half of them illegal", () => {
  const illegal = names.filter((name) => name.startsWith("illegal/")).length;
  assertGreaterOrEqual(names.length, 60);
  assertGreaterOrEqual(illegal, names.length / 2);
});
