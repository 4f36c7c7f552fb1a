/**
 * The rows of a screen that show a line being edited: prompt, text, hint, and where the cursor
 * stands. Pure.
 *
 * @module
 */

import { displayWidth } from "../table/mod.ts";
import { type EditorState, segmenter } from "./line_editor.ts";

/** Rows of a screen, and where the cursor stands on them. */
export interface Screen {
  readonly rows: readonly string[];
  readonly cursorRow: number;
  readonly cursorColumn: number;
}

/** What {@linkcode render} draws besides the state. */
export interface RenderOptions {
  /** The prompt, which may hold colours. */
  readonly prompt: string;
  readonly columns: number;
  /** A hint, shown behind the line while the cursor is at its end and there is room. */
  readonly hint?: string;
}

/** The rows that show a state. */
export function render(state: EditorState, options: RenderOptions): Screen {
  const { search } = state;
  const prompt = search === null ? options.prompt : `search "${search.query}": `;
  const columns = Math.max(2, options.columns);
  const rows = [prompt];
  let column = displayWidth(prompt);
  // A prompt wider than the screen would upset the count of columns: the line begins on its own
  // row.
  if (column >= columns) {
    rows[0] = "";
    rows.push("> ");
    column = 2;
  }
  let cursorRow = rows.length - 1;
  let cursorColumn = column;
  const advance = (segment: string): void => {
    const width = segment === "\n" ? 0 : segmentWidth(segment);
    if (segment === "\n" || column + width > columns) {
      rows.push("");
      column = 0;
    }
    if (segment !== "\n") rows[rows.length - 1] += segment;
    column += width;
  };
  for (const { index, segment } of segmenter.segment(state.text)) {
    if (index === state.cursor) [cursorRow, cursorColumn] = [rows.length - 1, column];
    advance(segment);
  }
  if (state.cursor === state.text.length) [cursorRow, cursorColumn] = [rows.length - 1, column];
  const { hint } = options;
  if (
    hint !== undefined && state.cursor === state.text.length &&
    column + displayWidth(hint) < columns
  ) {
    rows[rows.length - 1] += hint;
  }
  if (cursorColumn >= columns) {
    // A terminal has no place behind its last column: the cursor stands at the start of the next
    // row.
    if (cursorRow === rows.length - 1) rows.push("");
    [cursorRow, cursorColumn] = [cursorRow + 1, 0];
  }
  return { rows, cursorRow, cursorColumn };
}

/**
 * Characters joined to one emoji, or with marks, are drawn as one character of at most two columns.
 */
function segmentWidth(segment: string): number {
  return Math.min(2, displayWidth(segment));
}
