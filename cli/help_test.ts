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
      assert(help.includes(variableName(command, flag)), flag.name);
    }
    assert(command.examples.length > 0, `${command.name} has no example`);
    for (const example of command.examples) assert(help.includes(example.line), example.line);
  }
});

Deno.test("reference page is up to date", async () => {
  const path = new URL("../docs/reference.md", import.meta.url);
  assertEquals(
    await Deno.readTextFile(path),
    referencePage(rows),
    "run: deno task reference",
  );
});
