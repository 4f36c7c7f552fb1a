/**
 * Editing one line, or a pasted few, as a pure state machine: a state and a key give the next state
 * and perhaps an action. `line_screen.ts` makes rows of a state; `line_terminal.ts` is the terminal
 * around both.
 *
 * Invariant: the cursor always stands between two characters as people see them (graphemes).
 *
 * @module
 */

import type { Key, KeyName } from "./keys.ts";

/** The search through history, begun with Ctrl-R. */
export interface Search {
  readonly query: string;
  /** The index of the line of history that was found; the number of lines where none was. */
  readonly at: number;
  /** The line before the search, which Escape brings back. */
  readonly before: string;
}

/** The state of a line that is being edited. */
export interface EditorState {
  readonly text: string;
  /** The cursor: an index in `text`, from 0 to its length. */
  readonly cursor: number;
  /** Older lines, the newest last. */
  readonly history: readonly string[];
  /** The index of the line of history that is shown; the number of lines: none. */
  readonly historyAt: number;
  /** The new line, kept while a line of history is shown. */
  readonly draft: string;
  /** The text that was deleted last, for Ctrl-Y. */
  readonly killed: string;
  readonly search: Search | null;
  /** Whether Ctrl-C was pressed on the empty line. Pressed again, it leaves. */
  readonly isLeaving: boolean;
}

/** What a key asks of the owner of the editor. */
export type Action = "none" | "submit" | "exit" | "complete" | "clear";

/** The outcome of one key. */
export interface Pressed {
  readonly state: EditorState;
  readonly action: Action;
}

/** An empty line. */
export function newEditor(history: readonly string[]): EditorState {
  return {
    text: "",
    cursor: 0,
    history,
    historyAt: history.length,
    draft: "",
    killed: "",
    search: null,
    isLeaving: false,
  };
}

/** The state after a key. */
export function press(before: EditorState, key: Key): Pressed {
  const state = { ...before, isLeaving: false };
  if (state.search !== null) return pressInSearch(state, key);
  if (state.text === "" && key.kind === "key" && key.name === "interrupt") {
    // A single Ctrl-C, perhaps by mistake, must not stop a cluster.
    if (before.isLeaving) return { state, action: "exit" };
    return { state: { ...newEditor(state.history), isLeaving: true }, action: "none" };
  }
  if (key.kind === "key") return pressNamed(state, key.name);
  return {
    state: insert(state, key.kind === "paste" ? cleanPaste(key.text) : key.text),
    action: "none",
  };
}

/** Puts text where the cursor is. */
export function insert(state: EditorState, text: string): EditorState {
  const { cursor } = state;
  const next = state.text.slice(0, cursor) + text + state.text.slice(cursor);
  return { ...state, text: next, cursor: cursor + text.length };
}

/**
 * The text with line ends of one kind, tabs as spaces, without a last line end and other controls.
 */
function cleanPaste(text: string): string {
  return text.replaceAll(/\r\n?/g, "\n").replaceAll("\t", " ").replace(/\n+$/, "")
    // deno-lint-ignore no-control-regex -- controls must not reach the terminal
    .replaceAll(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, "");
}

function pressNamed(state: EditorState, name: KeyName): Pressed {
  const { text, cursor } = state;
  const none = (next: EditorState): Pressed => ({ state: next, action: "none" });
  const move = (to: number): Pressed => none({ ...state, cursor: to });
  switch (name) {
    case "enter":
      return { state, action: "submit" };
    case "tab":
      return { state, action: "complete" };
    case "clear":
      return { state, action: "clear" };
    case "interrupt":
      return none(newEditor(state.history));
    case "endOfInput":
      return text === ""
        ? { state, action: "exit" }
        : none(remove(state, { from: cursor, to: after(text, cursor), isKept: false }));
    case "left":
      return move(before(text, cursor));
    case "right":
      return move(after(text, cursor));
    case "home":
      return move(0);
    case "end":
      return move(text.length);
    case "wordLeft":
      return move(wordBefore(text, cursor));
    case "wordRight":
      return move(wordAfter(text, cursor));
    case "up":
      return none(showHistory(state, state.historyAt - 1));
    case "down":
      return none(showHistory(state, state.historyAt + 1));
    case "backspace":
      return none(remove(state, { from: before(text, cursor), to: cursor, isKept: false }));
    case "delete":
      return none(remove(state, { from: cursor, to: after(text, cursor), isKept: false }));
    case "deleteWordLeft":
      return none(remove(state, { from: wordBefore(text, cursor), to: cursor, isKept: true }));
    case "deleteWordRight":
      return none(remove(state, { from: cursor, to: wordAfter(text, cursor), isKept: true }));
    case "deleteToStart":
      return none(remove(state, { from: 0, to: cursor, isKept: true }));
    case "deleteToEnd":
      return none(remove(state, { from: cursor, to: text.length, isKept: true }));
    case "yank":
      return none(insert(state, state.killed));
    case "transpose":
      return none(transpose(state));
    case "search":
      return none({ ...state, search: { query: "", at: state.history.length, before: text } });
    case "escape":
      return none(state);
  }
}

function pressInSearch(state: EditorState, key: Key): Pressed {
  const search = state.search!;
  const none = (next: EditorState): Pressed => ({ state: next, action: "none" });
  if (key.kind !== "key") {
    return none(find(state, { query: search.query + key.text, from: state.history.length - 1 }));
  }
  switch (key.name) {
    case "search":
      return none(find(state, { query: search.query, from: search.at - 1 }));
    case "backspace": {
      const query = search.query.slice(0, before(search.query, search.query.length));
      return none(find(state, { query, from: state.history.length - 1 }));
    }
    case "escape":
    case "interrupt":
      return none({ ...state, text: search.before, cursor: search.before.length, search: null });
    default:
      // Any other key accepts the line that was found, and then has its usual effect.
      return pressNamed({ ...state, search: null }, key.name);
  }
}

function find(state: EditorState, wanted: { query: string; from: number }): EditorState {
  const search = state.search!;
  if (wanted.query === "") return { ...state, search: { ...search, query: "" } };
  for (let at = wanted.from; at >= 0; at -= 1) {
    const line = state.history[at]!;
    if (!line.includes(wanted.query)) continue;
    const found = { ...search, query: wanted.query, at };
    return {
      ...state,
      text: line,
      cursor: line.indexOf(wanted.query),
      historyAt: at,
      search: found,
    };
  }
  return { ...state, search: { ...search, query: wanted.query } };
}

function remove(
  state: EditorState,
  range: { from: number; to: number; isKept: boolean },
): EditorState {
  const removed = state.text.slice(range.from, range.to);
  if (removed === "") return state;
  return {
    ...state,
    text: state.text.slice(0, range.from) + state.text.slice(range.to),
    cursor: range.from,
    killed: range.isKept ? removed : state.killed,
  };
}

function showHistory(state: EditorState, at: number): EditorState {
  const { history } = state;
  if (at < 0 || at > history.length) return state;
  const draft = state.historyAt === history.length ? state.text : state.draft;
  const text = at === history.length ? draft : history[at]!;
  return { ...state, text, cursor: text.length, historyAt: at, draft };
}

function transpose(state: EditorState): EditorState {
  const { text } = state;
  const end = state.cursor === text.length ? text.length : after(text, state.cursor);
  const middle = before(text, end);
  const start = before(text, middle);
  if (start === middle) return state;
  const swapped = text.slice(middle, end) + text.slice(start, middle);
  return { ...state, text: text.slice(0, start) + swapped + text.slice(end), cursor: end };
}

/** Takes a text apart into characters as people see them. */
export const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

function before(text: string, cursor: number): number {
  // Examining the whole text for every key would be slow after a long paste.
  const start = Math.max(0, cursor - 64);
  let last = start;
  for (const { index } of segmenter.segment(text.slice(start, cursor))) last = start + index;
  return last;
}

function after(text: string, cursor: number): number {
  for (const { segment } of segmenter.segment(text.slice(cursor, cursor + 64))) {
    return cursor + segment.length;
  }
  return cursor;
}

function wordBefore(text: string, cursor: number): number {
  return cursor - /\S*\s*$/.exec(text.slice(0, cursor))![0].length;
}

function wordAfter(text: string, cursor: number): number {
  return cursor + /^\s*\S*/.exec(text.slice(cursor))![0].length;
}

/** Words that could stand from `start` to the cursor. */
export interface Completion {
  readonly start: number;
  readonly candidates: readonly string[];
}

/** Inserts the common start of all candidates; `list` holds the candidates if there are several. */
export function complete(
  state: EditorState,
  completion: Completion,
): { readonly state: EditorState; readonly list: readonly string[] } {
  const { candidates, start } = completion;
  const typed = state.text.slice(start, state.cursor);
  const [first] = candidates;
  if (first === undefined) return { state, list: [] };
  if (candidates.length === 1) {
    return { state: insert(state, first.slice(typed.length) + " "), list: [] };
  }
  let shared = first.length;
  for (const candidate of candidates) {
    while (!candidate.startsWith(first.slice(0, shared))) shared -= 1;
  }
  if (shared > typed.length) {
    return { state: insert(state, first.slice(typed.length, shared)), list: [] };
  }
  return { state, list: candidates };
}
