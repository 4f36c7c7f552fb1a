/**
 * Completes words of the shell's lines: commands, flags, keys, nodes. Pure.
 *
 * @module
 */

import type { NodeId } from "../../raft/mod.ts";
import { type CommandRow, nodeName } from "../table/mod.ts";
import type { Completion } from "./line_editor.ts";
import { quoteWord, wordAtCursor } from "./shell_line.ts";

/** The known words, beside the table. */
interface Known {
  readonly commands: readonly CommandRow[];
  readonly ids: readonly NodeId[];
  readonly keys: Iterable<string>;
}

/** The words that are possible at the cursor. */
export function completion(
  { text, cursor, ...known }: Known & { readonly text: string; readonly cursor: number },
): Completion {
  const { before, start, text: typed } = wordAtCursor(text, cursor);
  const [name] = before;
  const command = known.commands.find((each) => each.name === name);
  let words: string[];
  if (name === undefined) words = known.commands.map((each) => each.name);
  else if (command === undefined) words = [];
  else if (typed.startsWith("-")) {
    words = [...command.flags.map((flag) => `--${flag.name}`), "--help"];
  } else words = argumentWords(command, { before, known });
  const candidates = words.filter((word) => word.startsWith(typed)).sort();
  return { start, candidates };
}

function argumentWords(
  command: CommandRow,
  { before, known }: { readonly before: readonly string[]; readonly known: Known },
): string[] {
  const names = known.ids.map(nodeName);
  if (before.at(-1) === "--node") return names;
  const at = before.slice(1).filter((word) => !word.startsWith("-")).length;
  const argument = command.arguments.find((each, place) => place === at || each.many === true);
  switch (argument?.completes) {
    case "key":
      return [...known.keys].map(quoteWord);
    case "node":
      return [...names, "leader"];
    case "group":
      return [...[...names, "leader", "rest"].filter((name) => !before.includes(name)), "|"];
    case "command":
      return known.commands.map((each) => each.name);
    case undefined:
      return [];
  }
}
