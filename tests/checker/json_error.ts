/**
 * Finds where a text stops being JSON, which the messages of the built-in parser do not always say.
 *
 * It does not build values. Invariant: it finds an offset exactly when `JSON.parse` throws.
 *
 * @module
 */

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const STRING_START = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
const SCALAR = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/** The offset of the first character that makes the text invalid; `null` for valid JSON. */
export function jsonErrorOffset(text: string): number | null {
  let at = 0;
  const match = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at += found[0].length;
    return found !== null;
  };
  const skip = (character: string): boolean => {
    match(SPACE);
    if (text[at] !== character) return false;
    at++;
    return true;
  };
  const string = (): boolean => {
    match(SPACE);
    if (match(STRING)) return true;
    match(STRING_START);
    return false;
  };
  const list = (close: string, item: () => boolean): boolean => {
    if (skip(close)) return true;
    do {
      if (!item()) return false;
    } while (skip(","));
    return skip(close);
  };
  const value = (): boolean => {
    match(SPACE);
    if (text[at] === '"') return string();
    if (skip("[")) return list("]", value);
    if (skip("{")) return list("}", () => string() && skip(":") && value());
    return match(SCALAR);
  };
  if (!value()) return at;
  match(SPACE);
  return at === text.length ? null : at;
}

/** The value of a text; a SyntaxError names the column. */
export function parseJson(text: string): unknown {
  const offset = jsonErrorOffset(text);
  if (offset !== null) {
    const got = offset >= text.trimEnd().length ? "the end" : JSON.stringify(text[offset]);
    throw new SyntaxError(`column ${offset + 1}: wanted JSON, got ${got}`);
  }
  return JSON.parse(text);
}
