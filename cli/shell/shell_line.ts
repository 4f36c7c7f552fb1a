/**
 * Splits a line of the shell into words: quotes, comments, several commands in one line. Pure.
 * There are no variables and no wildcards.
 *
 * @module
 */

/** A word and its position. */
export interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A parsed line: its commands as lists of words, or an error. */
export type ParsedLine =
  | { readonly kind: "commands"; readonly commands: readonly (readonly Word[])[] }
  | { readonly kind: "wrong"; readonly message: string };

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "0": "\0" };

/**
 * Reads a line. Words are separated by blanks; `;` and line ends separate commands; `#` at the
 * start of a word begins a comment; `'…'` keeps everything, `"…"` and bare words know `\`.
 */
export function parseLine(line: string): ParsedLine {
  const commands: Word[][] = [];
  let words: Word[] = [];
  const endCommand = (): void => {
    if (words.length > 0) commands.push(words);
    words = [];
  };
  let at = 0;
  while (at < line.length) {
    const character = line[at]!;
    if (character === ";" || character === "\n") {
      endCommand();
      at += 1;
    } else if (/\s/.test(character)) at += 1;
    else if (character === "#") {
      while (at < line.length && line[at] !== "\n") at += 1;
    } else {
      const word = readWord(line, at);
      if (typeof word === "string") return { kind: "wrong", message: word };
      words.push(word);
      at = word.end;
    }
  }
  endCommand();
  return { kind: "commands", commands };
}

/** The word that begins at a position, or an error. */
function readWord(line: string, start: number): Word | string {
  let text = "";
  let quote: string | null = null;
  let at = start;
  for (; at < line.length; at += 1) {
    const character = line[at]!;
    if (quote === null && /[\s;]/.test(character)) break;
    if (character === "\\" && quote !== "'") {
      at += 1;
      const next = line[at];
      if (next === undefined) return "Cannot read the line: wanted something after the last \\";
      text += quote === '"' ? (escapes[next] ?? next) : next;
    } else if (quote === null && (character === "'" || character === '"')) quote = character;
    else if (character === quote) quote = null;
    else text += character;
  }
  if (quote !== null) return `Cannot read the line: wanted a closing ${quote}, got the end`;
  return { text, start, end: at };
}

/** The start of the word at the cursor, and the words of its command before it. */
export function wordAtCursor(
  line: string,
  cursor: number,
): { readonly before: readonly string[]; readonly start: number; readonly text: string } {
  const typed = line.slice(0, cursor);
  const parsed = parseLine(typed);
  // Inside a quote there is nothing to complete: the word runs on.
  if (parsed.kind === "wrong") return { before: [], start: cursor, text: "" };
  const isNewCommand = /(^|[;\n])\s*$/.test(typed);
  const words = isNewCommand ? [] : parsed.commands.at(-1) ?? [];
  const last = words.at(-1);
  if (last === undefined || last.end < typed.length) {
    return { before: words.map((word) => word.text), start: cursor, text: "" };
  }
  return {
    before: words.slice(0, -1).map((word) => word.text),
    start: last.start,
    text: typed.slice(last.start),
  };
}

/** A word as it must be typed to mean `text`. */
export function quoteWord(text: string): string {
  if (text !== "" && !/[\s;#'"\\|]/.test(text)) return text;
  return `"${
    text.replaceAll(/["\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t")
      .replaceAll("\r", "\\r")
  }"`;
}
