/**
 * The line editor in a real terminal: raw mode, reading keys, drawing rows, resizing. The rules of
 * editing are in `line_editor.ts`. Keys typed while a command runs wait for the next line; Ctrl-C
 * then goes to the command.
 *
 * @module
 */

import { type Key, KeyDecoder } from "./keys.ts";
import { complete, type Completion, type EditorState, newEditor, press } from "./line_editor.ts";
import { render, type Screen } from "./line_screen.ts";
import { displayWidth, terminalColumns } from "../table/mod.ts";

/** Decisions of the owner of the terminal. */
export interface LineTerminalOptions {
  readonly prompt: (columns: number) => string;
  readonly hint: (text: string) => string;
  /** Shown on the empty line after a first Ctrl-C. */
  readonly leaving: string;
  readonly complete: (text: string, cursor: number) => Promise<Completion>;
}

const encoder = new TextEncoder();

/** How long after Escape the rest of an escape sequence may arrive. */
const escapeWaitMs = 50;

/** A terminal in raw mode, from {@linkcode open} to {@linkcode close}. */
export class LineTerminal {
  readonly #options: LineTerminalOptions;
  readonly #decoder = new KeyDecoder();
  #queue: Key[] = [];
  #isEnded = false;
  #state: EditorState = newEditor([]);
  #drawn: Screen | null = null;
  /** Resolves the pending {@linkcode readLine}. */
  #finish: ((line: string | null) => void) | null = null;
  /** Called for Ctrl-C while no line is read. */
  #interrupt: (() => void) | null = null;
  #escapeTimer: ReturnType<typeof setTimeout> | null = null;
  readonly #resized = (): void => this.refresh();

  constructor(options: LineTerminalOptions) {
    this.#options = options;
  }

  /** Sets the terminal to raw mode. */
  open(): void {
    Deno.stdin.setRaw(true);
    write("\x1b[?2004h");
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGWINCH", this.#resized);
    this.#pump();
  }

  /** Restores the terminal. */
  close(): void {
    if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGWINCH", this.#resized);
    write("\x1b[?2004l");
    Deno.stdin.setRaw(false);
    this.#finish?.(null);
  }

  /** Reads one line, or several that were pasted; `null`: the user wants to leave. */
  readLine(history: readonly string[]): Promise<string | null> {
    this.#state = newEditor(history);
    this.#drawn = null;
    this.#draw();
    return new Promise((resolve) => {
      this.#finish = (line): void => {
        this.#finish = null;
        resolve(line);
      };
      this.#handleQueue();
    });
  }

  /** While a command runs, Ctrl-C calls `interrupt`. */
  onInterrupt(interrupt: (() => void) | null): void {
    this.#interrupt = interrupt;
  }

  /** Draws again, with a new prompt or width. */
  refresh(): void {
    if (this.#finish !== null) this.#draw();
  }

  /** Writes lines above the line that is edited. */
  note(text: string): void {
    this.#erase();
    write(`${text}\n`);
    this.refresh();
  }

  async #pump(): Promise<void> {
    const buffer = new Uint8Array(4096);
    while (true) {
      const count = await Deno.stdin.read(buffer);
      if (count === null) break;
      if (this.#escapeTimer !== null) clearTimeout(this.#escapeTimer);
      this.#escapeTimer = null;
      this.#take(this.#decoder.push(buffer.subarray(0, count)));
      if (this.#decoder.isUndecided) {
        this.#escapeTimer = setTimeout(() => this.#take(this.#decoder.settle()), escapeWaitMs);
      }
    }
    this.#isEnded = true;
    this.#interrupt?.();
    this.#finish?.(null);
  }

  #take(keys: readonly Key[]): void {
    for (const key of keys) {
      const isInterrupt = key.kind === "key" && key.name === "interrupt";
      if (isInterrupt && this.#finish === null && this.#interrupt !== null) {
        this.#queue = [];
        this.#interrupt();
      } else this.#queue.push(key);
    }
    this.#handleQueue();
  }

  #handleQueue(): void {
    while (this.#finish !== null && this.#queue.length > 0) this.#handle(this.#queue.shift()!);
    if (this.#finish !== null && this.#isEnded) this.#finish(null);
  }

  #handle(key: Key): void {
    const { state, action } = press(this.#state, key);
    this.#state = state;
    switch (action) {
      case "none":
        this.#draw();
        return;
      case "submit":
        this.#leaveLine();
        this.#finish?.(state.text);
        return;
      case "exit":
        this.#leaveLine();
        this.#finish?.(null);
        return;
      case "clear":
        write("\x1b[2J\x1b[H");
        this.#drawn = null;
        this.#draw();
        return;
      case "complete":
        void this.#complete();
        return;
      default:
        action satisfies never;
    }
  }

  async #complete(): Promise<void> {
    const before = this.#state;
    const found = await this.#options.complete(before.text, before.cursor);
    // Keys that were pressed meanwhile made this completion one of another line.
    if (this.#state !== before || this.#finish === null) return;
    const { state, list } = complete(before, found);
    this.#state = state;
    if (list.length > 0) this.note(columnsOf(list, terminalColumns()));
    else this.#draw();
  }

  #draw(): void {
    const { prompt, hint, leaving } = this.#options;
    const columns = terminalColumns();
    const screen = render(this.#state, {
      prompt: prompt(columns),
      columns,
      hint: this.#state.isLeaving ? leaving : hint(this.#state.text),
    });
    const up = screen.rows.length - 1 - screen.cursorRow;
    write(
      this.#eraseSequence() + screen.rows.join("\r\n") + "\r" + upRows(up) +
        (screen.cursorColumn > 0 ? `\x1b[${screen.cursorColumn}C` : ""),
    );
    this.#drawn = screen;
  }

  #erase(): void {
    write(this.#eraseSequence());
    this.#drawn = null;
  }

  /**
   * Erases the rows that were drawn, and goes to the first. Erasing row by row matters: some
   * terminals keep the screen in their history when everything below its top is erased at once.
   */
  #eraseSequence(): string {
    const drawn = this.#drawn;
    if (drawn === null) return "\r\x1b[K";
    const columns = terminalColumns();
    const rows = rowsOf(drawn.rows, columns);
    return upRows(rowsAboveCursor(drawn, columns)) + "\r\x1b[K" +
      "\x1b[B\x1b[K".repeat(rows - 1) + upRows(rows - 1);
  }

  /** Draws the line once more without its hint, and moves below it. */
  #leaveLine(): void {
    const end = { ...this.#state, cursor: this.#state.text.length, search: null };
    const columns = terminalColumns();
    const screen = render(end, { prompt: this.#options.prompt(columns), columns });
    write(this.#eraseSequence() + screen.rows.join("\r\n") + "\r\n");
    this.#drawn = null;
  }
}

function upRows(count: number): string {
  return count > 0 ? `\x1b[${count}A` : "";
}

/** The number of rows now: a narrower screen breaks the rows that were drawn into more. */
function rowsAboveCursor(screen: Screen, columns: number): number {
  return rowsOf(screen.rows.slice(0, screen.cursorRow), columns) +
    Math.floor(screen.cursorColumn / columns);
}

function rowsOf(rows: readonly string[], columns: number): number {
  return rows.reduce((sum, row) => sum + Math.max(1, Math.ceil(displayWidth(row) / columns)), 0);
}

/** Words in columns, as `ls` shows them. */
function columnsOf(words: readonly string[], columns: number): string {
  const width = Math.max(...words.map(displayWidth)) + 2;
  const perRow = Math.max(1, Math.floor(columns / width));
  const rows: string[] = [];
  for (let at = 0; at < words.length; at += perRow) {
    const row = words.slice(at, at + perRow);
    rows.push(row.map((word) => word + " ".repeat(width - displayWidth(word))).join("").trimEnd());
  }
  return rows.join("\n");
}

function write(text: string): void {
  const bytes = encoder.encode(text);
  let written = 0;
  while (written < bytes.length) written += Deno.stdout.writeSync(bytes.subarray(written));
}
