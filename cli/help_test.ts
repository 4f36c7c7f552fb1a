/**
 * Tests that help and the reference page match the table of commands.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { rows } from "./rows/mod.ts";
import { commandHelp, overviewHelp, referencePage } from "./table/help.ts";
import { variableName } from "./table/options.ts";

Deno.test("help names every command, flag, variable and example", () => {
  const overview = overviewHelp(rows);
  for (const command of rows) {
    assert(overview.includes(command.summary), command.name);
    const help = commandHelp(command);
    for (const flag of command.flags) {
      assert(help.includes(`--${flag.name}`), flag.name);
      assert(help.includes(variableName(command, flag) ?? "--"), flag.name);
    }
    assert(command.examples.length > 0, `${command.name} has no example`);
    for (const example of command.examples) assert(help.includes(example.line), example.line);
  }
});

Deno.test("reference page is up to date", async () => {
  const path = new URL("../docs/reference.md", import.meta.url);
  assertEquals(firstDifference(await Deno.readTextFile(path), referencePage(rows)), null);
});

/** The first line of the page that is not what the table makes, with what to do about it. */
function firstDifference(page: string, wanted: string): string | null {
  const [lines, wantedLines] = [page.split("\n"), wanted.split("\n")];
  const count = Math.max(lines.length, wantedLines.length);
  const at = Array.from({ length: count }).findIndex((_, at) => lines[at] !== wantedLines[at]);
  if (at < 0) return null;
  return `docs/reference.md:${at + 1}: wanted ${JSON.stringify(wantedLines[at] ?? "the end")}, ` +
    `got ${JSON.stringify(lines[at] ?? "the end")}; "deno task reference" writes the page`;
}

Deno.test("a stale reference page is reported with its first wrong line", () => {
  assertEquals(firstDifference("a\nb\n", "a\nb\n"), null);
  assertEquals(
    firstDifference("a\nb\n", "a\nc\n"),
    'docs/reference.md:2: wanted "c", got "b"; "deno task reference" writes the page',
  );
  assertEquals(firstDifference("a", "a\nb")?.includes('wanted "b", got "the end"'), true);
});
