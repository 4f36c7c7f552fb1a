/**
 * Completes words of the shell's lines: commands, flags, keys, nodes.
 *
 * @module
 */

import type { NodeId } from "../../raft/mod.ts";
import { type CommandRow, MEMBER_ACTIONS, nodeName } from "../table/mod.ts";
import type { Completion } from "./line_editor.ts";
import { quoteWord, wordAtCursor } from "./shell_line.ts";

/** The known words, beside the table. */
interface Known {
  readonly commands: readonly CommandRow[];
  readonly ids: readonly NodeId[];
  /** Keys that are known to begin so, and perhaps others. */
  readonly keys: (typed: string) => Promise<Iterable<string>>;
}

/** The words that are possible at the cursor. */
export async function completion(
  { text, cursor, ...known }: Known & { readonly text: string; readonly cursor: number },
): Promise<Completion> {
  const { before, start, text: typed } = wordAtCursor(text, cursor);
  const [name] = before;
  const command = known.commands.find((each) => each.name === name);
  let words: string[];
  if (name === undefined) words = known.commands.map((each) => each.name);
  else if (command === undefined) words = [];
  else if (typed.startsWith("-")) {
    words = [...command.flags.map((flag) => `--${flag.name}`), "--help"];
  } else words = await argumentWords(command, { before, typed, known });
  const candidates = words.filter((word) => word.startsWith(typed)).sort();
  return { start, candidates };
}

async function argumentWords(
  command: CommandRow,
  { before, typed, known }: {
    readonly before: readonly string[];
    readonly typed: string;
    readonly known: Known;
  },
): Promise<string[]> {
  const names = known.ids.map(nodeName);
  if (before.at(-1) === "--node") return names;
  const at = before.slice(1).filter((word) => !word.startsWith("-")).length;
  const argument = command.arguments.find((each, place) => place === at || each.many === true);
  switch (argument?.completes) {
    case "key":
      return [...await known.keys(typed)].map(quoteWord);
    case "node":
      return [...names, "leader"];
    case "group":
      return [...[...names, "leader", "rest"].filter((name) => !before.includes(name)), "|"];
    case "action":
      return [...MEMBER_ACTIONS];
    case "command":
      return known.commands.map((each) => each.name);
    case undefined:
      return [];
  }
}
