/**
 * Tests of the history of the shell, in memory and on disk.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  addToHistory,
  historyLinesMax,
  historyPath,
  loadHistory,
  parseHistory,
  saveHistory,
} from "./shell_history.ts";
import { withFolder } from "../../tests/helpers/with_folder.ts";

Deno.test("history omits blank lines and repetitions", () => {
  let lines: readonly string[] = [];
  for (const line of ["get a", "get a", "  ", "get b", "get a"]) lines = addToHistory(lines, line);
  assertEquals(lines, ["get a", "get b", "get a"]);
});

Deno.test("history keeps the newest lines when there are too many", () => {
  const text = Array.from({ length: historyLinesMax + 5 }, (_, at) => `line ${at}\n`).join("");
  const lines = parseHistory(text);
  assertEquals([lines.length, lines[0]], [historyLinesMax, "line 5"]);
});

Deno.test("history is kept between sessions, in a file for its owner only", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/state/kontiki/history`;
    assertEquals(await loadHistory(path), []);
    await saveHistory(path, ["get a", "get b"]);
    await saveHistory(path, ["get a", "get b", "get c"]);
    assertEquals(await loadHistory(path), ["get a", "get b", "get c"]);
    const { mode } = await Deno.stat(path);
    if (mode !== null) assertEquals(mode & 0o777, 0o600);
  });
});

Deno.test("history path uses its own variable, then the state folder, then home", () => {
  const path = (variables: Record<string, string>): string | null =>
    historyPath((name) => variables[name]);
  assertEquals(path({ KONTIKI_HISTORY: "/h", HOME: "/u" }), "/h");
  assertEquals(path({ XDG_STATE_HOME: "/s", HOME: "/u" }), "/s/kontiki/history");
  assertEquals(path({ HOME: "/u" }), "/u/.local/state/kontiki/history");
  assertEquals(path({}), null);
});
