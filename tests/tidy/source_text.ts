/**
 * A source file seen as text with a little structure: its code without comments and strings, its
 * imports, and its blocks. Not a parser: it knows as much of the language as the house rules need.
 *
 * Invariants: masked code has the same length and the same lines as the text it comes from.
 *
 * @module
 */

/** One file of the project. */
export interface SourceFile {
  /** From the root of the project, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** One import or re-export. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** What stands between two braces. */
export interface Block {
  /** The code in front of the opening brace, back to the end of the previous statement. */
  readonly head: string;
  readonly firstLine: number;
  readonly lines: number;
}

/** The text with the inside of comments, strings and patterns replaced by spaces. */
export function maskCode(text: string): string {
  let masked = "";
  let at = 0;
  while (at < text.length) {
    const end = endOfQuiet(text, at, masked);
    if (end === at) masked += text[at++];
    else {
      masked += blank(text.slice(at, end));
      at = end;
    }
  }
  return masked;
}

/** Quotes stay, so that imports can be found; `${…}` of a template counts as code no rule is about. */
function blank(quiet: string): string {
  const inside = quiet.replaceAll(/[^\n]/g, " ");
  if (!/^["'`]/.test(quiet) || quiet.length < 2) return inside;
  return quiet[0] + inside.slice(1, -1) + quiet[0];
}

/** Where the comment, string or pattern that begins here ends; `at` itself if none does. */
function endOfQuiet(text: string, at: number, before: string): number {
  const rest = text.slice(at, at + 2);
  if (rest === "//") return orEnd(text, text.indexOf("\n", at));
  if (rest === "/*") return orEnd(text, text.indexOf("*/", at + 2) + 2);
  const first = rest[0];
  if (first === '"' || first === "'") return endOfString(text, at);
  if (first === "`") return endOfTemplate(text, at);
  const isPattern = first === "/" && /(^|[(,=:[!&|?{};\n]|return|=>)\s*$/.test(before.slice(-40));
  return isPattern ? endOfPattern(text, at) : at;
}

function orEnd(text: string, index: number): number {
  return index <= 1 ? text.length : index;
}

function endOfString(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text[end] !== text[at] && text[end] !== "\n") {
    end += text[end] === "\\" ? 2 : 1;
  }
  return end + 1;
}

function endOfTemplate(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text[end] !== "`") {
    if (text[end] === "\\") end += 2;
    else if (text.startsWith("${", end)) end = endOfHole(text, end + 2);
    else end += 1;
  }
  return end + 1;
}

/** The end of `${…}`, in which there may be strings and templates again. */
function endOfHole(text: string, at: number): number {
  let depth = 1;
  let end = at;
  while (end < text.length && depth > 0) {
    const quiet = endOfQuiet(text, end, text.slice(at, end));
    if (quiet > end) end = quiet;
    else {
      if (text[end] === "{") depth += 1;
      if (text[end] === "}") depth -= 1;
      end += 1;
    }
  }
  return end;
}

function endOfPattern(text: string, at: number): number {
  let end = at + 1;
  let isInClass = false;
  while (end < text.length && text[end] !== "\n" && (text[end] !== "/" || isInClass)) {
    if (text[end] === "[") isInClass = true;
    if (text[end] === "]") isInClass = false;
    end += text[end] === "\\" ? 2 : 1;
  }
  return end + 1;
}

/** The number of the line on which this place is. */
export function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < index; at = text.indexOf("\n", at + 1)) {
    line += 1;
  }
  return line;
}

/** Everything the file imports, passes on or names as a module for another thread. */
export function importsOf({ text }: SourceFile, masked: string): Import[] {
  const pattern =
    /\b(?:from\s*|import\s*\(\s*|import\s+|new URL\(\s*|import\.meta\.resolve\(\s*)(["'])/g;
  const imports = [...masked.matchAll(pattern)].map((match) => {
    const from = match.index + match[0].length;
    const to = masked.indexOf(match[1]!, from);
    const isUrl = match[0].startsWith("new");
    return { specifier: text.slice(from, to), line: lineAt(text, match.index), isUrl };
  });
  return imports.filter(({ specifier, isUrl }) => !isUrl || /^\..*\.ts$/.test(specifier));
}

/** The path that a relative specifier leads to. */
export function targetOf(path: string, specifier: string): string {
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}

/** All blocks, inner ones first. */
export function blocksOf(masked: string): Block[] {
  const blocks: Block[] = [];
  const open: number[] = [];
  for (let at = 0; at < masked.length; at++) {
    if (masked[at] === "{") open.push(at);
    if (masked[at] !== "}") continue;
    const start = open.pop();
    if (start === undefined) continue;
    const firstLine = lineAt(masked, start);
    blocks.push({
      head: headOf(masked, start),
      firstLine,
      lines: lineAt(masked, at) - firstLine + 1,
    });
  }
  return blocks;
}

function headOf(masked: string, start: number): string {
  let at = endOfHead(masked, start);
  let depth = 0;
  while (at >= 0) {
    const character = masked[at]!;
    if (character === ")") depth += 1;
    if (character === "(") depth -= 1;
    if (depth < 0 || (depth === 0 && /[;{}]/.test(character))) break;
    at -= 1;
  }
  return masked.slice(at + 1, start).trim();
}

/** Passes over a return type in braces: `(): { a: number } {`. */
function endOfHead(masked: string, start: number): number {
  let at = start - 1;
  while (at >= 0 && /\s/.test(masked[at]!)) at -= 1;
  if (masked[at] !== "}") return start - 1;
  let depth = 0;
  do {
    if (masked[at] === "}") depth += 1;
    if (masked[at] === "{") depth -= 1;
    at -= 1;
  } while (at >= 0 && depth > 0);
  return at;
}
