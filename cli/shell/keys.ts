/**
 * Decodes the bytes of a terminal into keys: characters, named keys, pastes. Pure. A character or
 * an escape sequence may be split over any number of reads.
 *
 * @module
 */

/** A key that is not a character. */
export type KeyName =
  | "enter"
  | "tab"
  | "backspace"
  | "delete"
  | "left"
  | "right"
  | "up"
  | "down"
  | "home"
  | "end"
  | "wordLeft"
  | "wordRight"
  | "deleteWordLeft"
  | "deleteWordRight"
  | "deleteToStart"
  | "deleteToEnd"
  | "yank"
  | "transpose"
  | "search"
  | "clear"
  | "interrupt"
  | "endOfInput"
  | "escape";

/** One input: a key or a paste. */
export type Key =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "paste"; readonly text: string }
  | { readonly kind: "key"; readonly name: KeyName };

/** Control characters; others are ignored. */
const controls: ReadonlyMap<string, KeyName> = new Map([
  ["\x01", "home"],
  ["\x02", "left"],
  ["\x03", "interrupt"],
  ["\x04", "endOfInput"],
  ["\x05", "end"],
  ["\x06", "right"],
  ["\x07", "escape"],
  ["\x08", "backspace"],
  ["\t", "tab"],
  ["\n", "enter"],
  ["\x0b", "deleteToEnd"],
  ["\x0c", "clear"],
  ["\r", "enter"],
  ["\x0e", "down"],
  ["\x10", "up"],
  ["\x12", "search"],
  ["\x14", "transpose"],
  ["\x15", "deleteToStart"],
  ["\x17", "deleteWordLeft"],
  ["\x19", "yank"],
  ["\x7f", "backspace"],
]);

/** Sequences after the escape character. A modifier in the middle (`1;5`) means "by word". */
const sequences: ReadonlyMap<string, KeyName> = new Map([
  ["[A", "up"],
  ["[B", "down"],
  ["[C", "right"],
  ["[D", "left"],
  ["[H", "home"],
  ["[F", "end"],
  ["OA", "up"],
  ["OB", "down"],
  ["OC", "right"],
  ["OD", "left"],
  ["OH", "home"],
  ["OF", "end"],
  ["[1~", "home"],
  ["[3~", "delete"],
  ["[4~", "end"],
  ["[7~", "home"],
  ["[8~", "end"],
  ["[3;5~", "deleteWordRight"],
  ["[1;5C", "wordRight"],
  ["[1;5D", "wordLeft"],
  ["[1;3C", "wordRight"],
  ["[1;3D", "wordLeft"],
  ["b", "wordLeft"],
  ["f", "wordRight"],
  ["d", "deleteWordRight"],
  ["\x7f", "deleteWordLeft"],
  ["\x08", "deleteWordLeft"],
]);

const pasteStart = "\x1b[200~";
const pasteEnd = "\x1b[201~";

/** Decodes keys from portions of input. */
export class KeyDecoder {
  readonly #decoder = new TextDecoder();
  #pending = "";
  /** The text of an unfinished paste; `null` outside of one. */
  #paste: string | null = null;

  /** Whether the input ends with an escape that may start a sequence. */
  get isUndecided(): boolean {
    return this.#pending === "\x1b";
  }

  /** Takes a portion of input and returns the complete keys. */
  push(bytes: Uint8Array): Key[] {
    this.#pending += this.#decoder.decode(bytes, { stream: true });
    const keys: Key[] = [];
    while (this.#pending !== "") {
      const taken = this.#paste === null ? this.#takeKey(keys) : this.#takePaste(keys);
      if (!taken) break;
    }
    return keys;
  }

  /** Called after a pause in the input: returns a pending escape as a key. */
  settle(): Key[] {
    if (!this.isUndecided) return [];
    this.#pending = "";
    return [{ kind: "key", name: "escape" }];
  }

  #takePaste(keys: Key[]): boolean {
    this.#paste += this.#pending;
    const end = this.#paste!.indexOf(pasteEnd);
    if (end < 0) {
      this.#pending = "";
      return false;
    }
    keys.push({ kind: "paste", text: this.#paste!.slice(0, end) });
    this.#pending = this.#paste!.slice(end + pasteEnd.length);
    this.#paste = null;
    return true;
  }

  #takeKey(keys: Key[]): boolean {
    const first = this.#pending[0]!;
    if (first === "\x1b") return this.#takeSequence(keys);
    if (first < " " || first === "\x7f") {
      const name = controls.get(first);
      if (name !== undefined) keys.push({ kind: "key", name });
      this.#pending = this.#pending.slice(1);
      return true;
    }
    // deno-lint-ignore no-control-regex -- everything up to the next control is text
    const text = /^[^\x00-\x1f\x7f]+/.exec(this.#pending)![0];
    keys.push({ kind: "text", text });
    this.#pending = this.#pending.slice(text.length);
    return true;
  }

  #takeSequence(keys: Key[]): boolean {
    if (this.#pending.startsWith(pasteStart)) {
      this.#paste = "";
      this.#pending = this.#pending.slice(pasteStart.length);
      return true;
    }
    // deno-lint-ignore no-control-regex -- this is the grammar of escape sequences
    const whole = /^\x1b(\[[0-9;?]*[@-~]|O[@-~]|[^[O])/s.exec(this.#pending);
    if (whole === null) return false;
    const name = sequences.get(whole[1]!);
    if (name !== undefined) keys.push({ kind: "key", name });
    this.#pending = this.#pending.slice(whole[0].length);
    return true;
  }
}
