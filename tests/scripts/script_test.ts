/**
 * Runs every golden script and compares. `deno task scripts:rewrite` writes the present output into
 * the scripts; the difference is the review.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { filesBelow } from "../helpers/files_below.ts";
import { rewriteScript } from "./script.ts";

const folder = new URL("./", import.meta.url);
const isRewriting = Deno.args.includes("--rewrite");

for (const name of filesBelow(folder, ".txt")) {
  const title = name.replace(".txt", "").replace("/", ": ").replaceAll("_", " ");
  Deno.test(`script: ${title}`, () => {
    const url = new URL(name, folder);
    const text = Deno.readTextFileSync(url);
    assert(text.startsWith("# "), "a script begins with the reason why it is there");
    const now = rewriteScript(text);
    if (isRewriting) Deno.writeTextFileSync(url, now);
    else assertEquals(now, text);
  });
}

Deno.test("rewriteScript shows the error of a wrong command instead of hiding it", () => {
  const text = rewriteScript("# Why.\n\ncluster nodes=1\nfly 1\nput 7 a\n");
  assert(text.includes("SyntaxError: Cannot run fly: no such command"));
  assert(text.includes("RangeError: Cannot use n7: no such server"));
});
