/**
 * Help and the reference page say what the table says.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { commands } from "./commands.ts";
import { commandHelp, overviewHelp, referencePage } from "./table/help.ts";
import { variableName } from "./table/options.ts";

Deno.test("help names every command, flag, variable and example", () => {
  const overview = overviewHelp(commands);
  for (const command of commands) {
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
    referencePage(commands),
    "run: deno task reference",
  );
});
