/**
 * How results look: readable on a terminal, plain in a pipe, as JSON for programs. Formats values
 * and writes lines; knows nothing of commands. Results go to standard output, everything else
 * (progress, warnings, errors) to standard error.
 *
 * @module
 */

import { unicodeWidth } from "@std/cli/unicode-width";

/** What {@linkcode Output} needs of the process. */
export interface OutputOptions {
  readonly writeOut: (bytes: Uint8Array) => void;
  readonly writeError: (bytes: Uint8Array) => void;
  readonly isTerminal: boolean;
  readonly isErrorTerminal: boolean;
  /** False where `NO_COLOR` is set. */
  readonly isColorWanted: boolean;
  readonly isJson: boolean;
  /** How wide the terminal is now. @default {() => Infinity} */
  readonly columns?: () => number;
}

/** A colour or weight that helps to find things. */
export type Accent = "bold" | "dim" | "red" | "green" | "yellow" | "blue" | "cyan";

const accentCodes: Readonly<Record<Accent, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  cyan: [36, 39],
};

const encoder = new TextEncoder();

/** Standard output and standard error, as commands see them. */
export class Output {
  readonly isTerminal: boolean;
  readonly isErrorTerminal: boolean;
  readonly isJson: boolean;
  readonly isColored: boolean;
  readonly isErrorColored: boolean;
  readonly #options: OutputOptions;
  readonly #writeOut: (bytes: Uint8Array) => void;
  readonly #writeError: (bytes: Uint8Array) => void;
  #progressShown = false;
  #isScreenOpen = false;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.isTerminal = options.isTerminal;
    this.isErrorTerminal = options.isErrorTerminal;
    this.isJson = options.isJson;
    this.isColored = options.isTerminal && options.isColorWanted && !options.isJson;
    this.isErrorColored = options.isErrorTerminal && options.isColorWanted;
    this.#writeOut = options.writeOut;
    this.#writeError = options.writeError;
  }

  /** The same streams, with results as JSON or not. */
  withJson(isJson: boolean): Output {
    return new Output({ ...this.#options, isJson });
  }

  /** The number of columns that a line has; without end where no terminal breaks it. */
  get columns(): number {
    return this.isTerminal ? this.#options.columns?.() ?? Infinity : Infinity;
  }

  /** The text in a colour, where colours are shown. */
  paint(accent: Accent, text: string): string {
    return this.isColored ? paintText(accent, text) : text;
  }

  /** Writes exactly these bytes as a result. */
  raw(bytes: Uint8Array | string): void {
    this.clearProgress();
    this.#writeOut(typeof bytes === "string" ? encoder.encode(bytes) : bytes);
  }

  /** Writes a line of the result. */
  line(text = ""): void {
    this.raw(`${text}\n`);
  }

  /** Writes a value as one line of JSON. */
  json(value: unknown): void {
    this.line(JSON.stringify(value));
  }

  /** Writes a line beside the result: a note, a warning. */
  note(text: string): void {
    this.clearProgress();
    this.#writeError(encoder.encode(`${text}\n`));
  }

  /** Writes an error with a red mark. */
  error(text: string): void {
    const mark = this.isErrorColored ? paintText("red", "error:") : "error:";
    this.note(`${mark} ${text}`);
  }

  /**
   * Shows lines alone on a terminal, in place of those before, until {@linkcode closeScreen}. What
   * was on the terminal comes back then, and its history holds no trail of the drawings.
   */
  drawScreen(lines: readonly string[]): void {
    if (!this.#isScreenOpen) this.raw("\x1b[?1049h\x1b[?25l\x1b[?7l");
    this.#isScreenOpen = true;
    this.raw("\x1b[H" + lines.map((line) => `${line}\x1b[K\r\n`).join("") + "\x1b[J");
  }

  /** Gives the terminal back as it was before {@linkcode drawScreen}. */
  closeScreen(): void {
    if (this.#isScreenOpen) this.raw("\x1b[?7h\x1b[?25h\x1b[?1049l");
    this.#isScreenOpen = false;
  }

  /** Replaces the line of progress; shown on terminals only. */
  progress(text: string): void {
    if (!this.isErrorTerminal) return;
    this.#writeError(encoder.encode(`\r\x1b[K${text}`));
    this.#progressShown = true;
  }

  /** Takes the line of progress away. */
  clearProgress(): void {
    if (!this.#progressShown) return;
    this.#writeError(encoder.encode("\r\x1b[K"));
    this.#progressShown = false;
  }
}

/** How wide the terminal is; 80 columns where it does not say. */
export function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch (error) {
    if (error instanceof Error) return 80;
    throw error;
  }
}

/** The text in a colour, for terminals. */
export function paintText(accent: Accent, text: string): string {
  const [on, off] = accentCodes[accent];
  return `\x1b[${on}m${text}\x1b[${off}m`;
}

/** The number of columns that a text takes, colours not counted. */
export function displayWidth(text: string): number {
  // deno-lint-ignore no-control-regex -- the escape sequences of colours begin with a control
  return unicodeWidth(text.replaceAll(/\x1b\[[0-9;]*m/g, ""));
}

/** The text in at most so many columns; `…` stands for what was cut. */
export function cutText(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let cut = "";
  for (const character of text) {
    if (displayWidth(cut + character) > columns - 1) break;
    cut += character;
  }
  return `${cut}…`;
}

/** How many things, in words: `1 node`, `3 nodes`. */
export function countText(count: number, thing: string): string {
  return `${formatCount(count)} ${thing}${count === 1 ? "" : "s"}`;
}

/** One column of a table. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Lines of a table with aligned columns and a heading. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const widths = columns.map((column, at) =>
    Math.max(displayWidth(column.title), ...rows.map((row) => displayWidth(row[at] ?? "")))
  );
  const line = (cells: readonly string[]): string =>
    columns.map((column, at) => {
      const cell = cells[at] ?? "";
      const padding = " ".repeat(widths[at]! - displayWidth(cell));
      return column.align === "right" ? padding + cell : cell + padding;
    }).join("  ").trimEnd();
  return [line(columns.map((column) => column.title)), ...rows.map(line)];
}

/** Bytes as JSON carries them: text where they are valid UTF-8, else tagged base64. */
export function jsonBytes(bytes: Uint8Array): string | { readonly base64: string } {
  return decodeText(bytes) ?? { base64: base64(bytes) };
}

/** The text that the bytes are, or `null` where they are not valid UTF-8. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}

/** Bytes on one readable line: text as it is, controls escaped, other bytes as hexadecimal. */
export function displayBytes(bytes: Uint8Array): string {
  const text = decodeText(bytes);
  if (text === null) {
    const shown = [...bytes.subarray(0, 32)].map((byte) => byte.toString(16).padStart(2, "0"));
    return `0x${shown.join("")}${bytes.length > 32 ? "…" : ""} (${formatBytes(bytes.length)})`;
  }
  // deno-lint-ignore no-control-regex -- controls must not reach the terminal
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, (control) => {
    if (control === "\n") return "\\n";
    if (control === "\t") return "\\t";
    return `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

/** A size in a readable unit. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let size = bytes;
  let unit = -1;
  do {
    size /= 1024;
    unit += 1;
  } while (size >= 1023.95 && unit < units.length - 1);
  return `${size.toFixed(1)} ${units[unit]}`;
}

/** A duration in a readable unit. */
export function formatDuration(ms: number): string {
  if (ms < 1) return `${(ms * 1000).toFixed(0)} µs`;
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
  const hours = Math.floor(whole / 3600);
  if (hours < 48) return `${hours}h${String(Math.floor(whole / 60) % 60).padStart(2, "0")}m`;
  return `${Math.floor(hours / 24)}d${hours % 24}h`;
}

/** A count with its digits in groups of three. */
export function formatCount(count: number): string {
  return Math.round(count).toString().replaceAll(/\B(?=(\d{3})+$)/g, ",");
}
