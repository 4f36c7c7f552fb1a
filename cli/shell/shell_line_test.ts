/**
 * Tests of splitting lines of the shell into words.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { parseLine, quoteWord, wordAtCursor } from "./shell_line.ts";

function words(line: string): string[][] {
  const parsed = parseLine(line);
  assert(parsed.kind === "commands", line);
  return parsed.commands.map((command) => command.map((word) => word.text));
}

Deno.test("line is split into words, commands and comments", () => {
  assertEquals(words("put colour  blue"), [["put", "colour", "blue"]]);
  assertEquals(words("put a 1; get a\nstatus # now"), [["put", "a", "1"], ["get", "a"], [
    "status",
  ]]);
  assertEquals(words("partition n1 n2 | n3"), [["partition", "n1", "n2", "|", "n3"]]);
  assertEquals(words(" ;; # nothing"), []);
  assertEquals(words("put a#b c"), [["put", "a#b", "c"]]);
});

Deno.test("line keeps quoted words whole", () => {
  assertEquals(words(`put "two words" 'it''s; # \\n' x\\ y "" "a\\"\\n"`), [
    ["put", "two words", "its; # \\n", "x y", "", 'a"\n'],
  ]);
  for (const line of [`put "a`, "put 'a", "put a\\"]) assertEquals(parseLine(line).kind, "wrong");
});

Deno.test("line splits the same after its words were quoted", () => {
  for (const word of ["plain", "two words", `"'\\`, "", "a;b", "tab\tline\n", "#", "|"]) {
    assertEquals(words(quoteWord(word)), [[word]], word);
  }
});

Deno.test("cursor is in the word that is being typed", () => {
  const at = (line: string): unknown[] => {
    const { before, start, text } = wordAtCursor(line, line.length);
    return [before, start, text];
  };
  assertEquals(at("pu"), [[], 0, "pu"]);
  assertEquals(at("get "), [["get"], 4, ""]);
  assertEquals(at("get colo"), [["get"], 4, "colo"]);
  assertEquals(at("put a 1; ge"), [[], 9, "ge"]);
  assertEquals(at("put a 1; "), [[], 9, ""]);
  assertEquals(at("put 'a b"), [[], 8, ""]);
  assertEquals(wordAtCursor("get colour", 6).text, "co");
});
