/**
 * Tests of decoding keys from the bytes of a terminal, in any portions.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Key, KeyDecoder } from "./keys.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const named = (keys: readonly Key[]): string[] =>
  keys.map((key) => key.kind === "key" ? key.name : `${key.kind}:${key.text}`);

const typed = "hé漢👍\x1b[A\x1b[1;5D\x1bf\x01\x05\x0b\x15\x17\x12\x7f\x1b[3~\x1bOH" +
  "\x1b[200~one\ntwo\x1b[Athree\x1b[201~x\r";

const expected = [
  "text:hé漢👍",
  "up",
  "wordLeft",
  "wordRight",
  "home",
  "end",
  "deleteToEnd",
  "deleteToStart",
  "deleteWordLeft",
  "search",
  "backspace",
  "delete",
  "home",
  "paste:one\ntwo\x1b[Athree",
  "text:x",
  "enter",
];

Deno.test("keys are decoded from complete sequences", () => {
  assertEquals(named(new KeyDecoder().push(encode(typed))), expected);
});

Deno.test("keys are the same when every byte arrives alone", () => {
  const decoder = new KeyDecoder();
  const keys = [...encode(typed)].flatMap((byte) => decoder.push(Uint8Array.of(byte)));
  const joined: Key[] = [];
  for (const key of keys) {
    const last = joined.at(-1);
    if (key.kind === "text" && last?.kind === "text") {
      joined[joined.length - 1] = { kind: "text", text: last.text + key.text };
    } else joined.push(key);
  }
  assertEquals(named(joined), expected);
});

Deno.test("keys include a lone escape only when nothing follows for a while", () => {
  const decoder = new KeyDecoder();
  assertEquals(decoder.push(encode("\x1b")), []);
  assertEquals(decoder.isUndecided, true);
  assertEquals(named(decoder.settle()), ["escape"]);
  assertEquals(named(decoder.push(encode("[A"))), ["text:[A"]);
});

Deno.test("keys omit unknown sequences", () => {
  assertEquals(named(new KeyDecoder().push(encode("a\x1b[24~\x1b[?1;2cb\x00"))), [
    "text:a",
    "text:b",
  ]);
});
