/**
 * Tests of output for terminals and for programs.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  countText,
  cutText,
  displayBytes,
  formatBytes,
  formatCount,
  formatDuration,
  formatTable,
  jsonBytes,
  Output,
  paintText,
} from "./output.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function capture(options: { isTerminal: boolean; isColorWanted: boolean }): {
  output: Output;
  out: () => string;
  error: () => string;
} {
  let out = "";
  let error = "";
  const output = new Output({
    ...options,
    isErrorTerminal: options.isTerminal,
    isJson: false,
    writeOut: (each) => out += new TextDecoder().decode(each),
    writeError: (each) => error += new TextDecoder().decode(each),
  });
  return { output, out: () => out, error: () => error };
}

Deno.test("output has colours only on a terminal, and only when they are wanted", () => {
  const red = paintText("red", "x");
  const painted = (isTerminal: boolean, isColorWanted: boolean): string =>
    capture({ isTerminal, isColorWanted }).output.paint("red", "x");
  assertEquals([painted(true, true), painted(true, false), painted(false, true)], [red, "x", "x"]);
});

Deno.test("output removes the line of progress before the next line", () => {
  const shown = capture({ isTerminal: true, isColorWanted: false });
  shown.output.progress("half");
  shown.output.line("done");
  assertEquals(shown.error(), "\r\x1b[Khalf\r\x1b[K");
  const piped = capture({ isTerminal: false, isColorWanted: false });
  piped.output.progress("half");
  assertEquals(piped.error(), "");
});

Deno.test("bytes are text in JSON when valid UTF-8, else tagged base64", () => {
  assertEquals(jsonBytes(bytes("blå")), "blå");
  assertEquals(jsonBytes(new Uint8Array([0xff, 0])), { base64: "/wA=" });
  assertEquals(jsonBytes(bytes("\ufeffx")), "\ufeffx");
});

Deno.test("bytes on a terminal cannot move its cursor", () => {
  assertEquals(displayBytes(bytes("a\x1b[2Jb\nc")), "a\\x1b[2Jb\\nc");
  assertEquals(displayBytes(new Uint8Array([0xff, 0x01])), "0xff01 (2 B)");
});

Deno.test("tables align columns when cells are wide or coloured", () => {
  const lines = formatTable([{ title: "key" }, { title: "n", align: "right" }], [
    ["漢字", "1"],
    [paintText("green", "a"), "20"],
  ]);
  assertEquals(lines, ["key    n", "漢字   1", `${paintText("green", "a")}     20`]);
});

Deno.test("texts are cut to columns, and counts agree with their word", () => {
  assertEquals([cutText("abcdef", 6), cutText("abcdef", 5)], ["abcdef", "abcd…"]);
  assertEquals(cutText("漢字漢字", 6), "漢字…");
  assertEquals([0, 1, 2, 1000].map((count) => countText(count, "node")), [
    ...["0 nodes", "1 node", "2 nodes", "1,000 nodes"],
  ]);
});

Deno.test("sizes, durations and counts are short", () => {
  assertEquals([0, 1023, 1024, 1048575, 5 * 1024 ** 3].map(formatBytes), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.0 MiB",
    "5.0 GiB",
  ]);
  assertEquals([0.25, 1.5, 250, 1500, 61_000, 3_660_000, 180_000_000].map(formatDuration), [
    "250 µs",
    "1.5 ms",
    "250 ms",
    "1.5 s",
    "1m01s",
    "1h01m",
    "2d2h",
  ]);
  assertEquals([0, 999, 1000, 1234567].map(formatCount), ["0", "999", "1,000", "1,234,567"]);
});

Deno.test("output writes raw bytes unchanged in a pipe", () => {
  const { output, out } = capture({ isTerminal: false, isColorWanted: true });
  output.raw(bytes("x\n"));
  output.json({ a: 1 });
  assert(out() === 'x\n{"a":1}\n');
});
