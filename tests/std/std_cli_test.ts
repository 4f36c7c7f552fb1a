/**
 * Tests of what this project needs of `@std/cli`: the original or the stand-in in `tools/std`.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { parseArgs, unicodeWidth } from "@std/cli";
import { parseArgs as parseArgsToo } from "@std/cli/parse-args";

Deno.test("parseArgs guesses the types of undeclared flags", () => {
  const cases: readonly (readonly [readonly string[], Record<string, unknown>])[] = [
    [[], { _: [] }],
    [["a", "2", "0x10", "-", "1e3"], { _: ["a", 2, 16, "-", 1000] }],
    [["--a"], { a: true, _: [] }],
    [["--a", "b"], { a: "b", _: [] }],
    [["--a", "5"], { a: 5, _: [] }],
    [["--a="], { a: "", _: [] }],
    [["--a=b=c"], { a: "b=c", _: [] }],
    [["--a=1", "--a=2"], { a: 2, _: [] }],
    [["--a", "--b"], { a: true, b: true, _: [] }],
    [["--a", "-5"], { a: true, 5: true, _: [] }],
    [["--a=-5"], { a: -5, _: [] }],
    [["--a", "false"], { a: "false", _: [] }],
    [["--no-a"], { "no-a": true, _: [] }],
    [["-abc", "d"], { a: true, b: true, c: "d", _: [] }],
    [["-n5"], { n: 5, _: [] }],
    [["-n=5"], { n: 5, _: [] }],
    [["-vn5"], { v: "n5", _: [] }],
    [["-f./x"], { f: "./x", _: [] }],
    [["-a", "true"], { a: "true", _: [] }],
    [["-a-"], { a: "-", _: [] }],
    [["-a", "-"], { a: "-", _: [] }],
    [["--a", "--", "--b", "1"], { a: true, _: ["--b", "1"] }],
    [["--a", "multi\nline"], { a: "multi\nline", _: [] }],
    [["--a=multi\nline"], { a: "multi\nline", _: [] }],
  ];
  for (const [args, expected] of cases) {
    const found: Record<string, unknown> = parseArgs(args);
    assertEquals(found, expected, args.join(" "));
  }
});

Deno.test("parseArgs keeps declared strings, and sets declared booleans to false", () => {
  const args = parseArgs(["--port", "080", "--verbose", "rest", "--id=", "--quiet=false", "-x"], {
    string: ["port", "id"],
    boolean: ["verbose", "quiet", "other"],
  });
  const port: string | undefined = args.port;
  const verbose: boolean = args.verbose;
  const rest: readonly (string | number)[] = args._;
  assertEquals([port, verbose, rest], ["080", true, ["rest"]]);
  assertEquals<Record<string, unknown>>(args, {
    port: "080",
    verbose: true,
    id: "",
    quiet: false,
    other: false,
    x: true,
    _: ["rest"],
  });
});

Deno.test("parseArgs does not take a flag as the value of a string flag", () => {
  const options = { string: ["data"] } as const;
  assertEquals(parseArgs(["--data", "--next"], options).data, "");
  assertEquals(parseArgs(["--data"], options).data, "");
  assertEquals(parseArgs(["--data=--next"], options).data, "--next");
  assertEquals(parseArgs([], options).data, undefined);
  assertEquals<unknown>(parseArgs(["5"], { string: ["_"] })._, ["5"]);
});

Deno.test("parseArgs sets every alias of a flag", () => {
  const found: Record<string, unknown> = parseArgs(["-p", "80", "-h"], {
    string: ["port"],
    boolean: ["help"],
    alias: { port: "p", help: ["h", "?"] },
  });
  assertEquals(found, { p: "80", port: "80", h: true, help: true, "?": true, _: [] });
});

Deno.test("parseArgs fills in defaults", () => {
  const found = parseArgs(["--id=7"], {
    string: ["id", "port"],
    default: { port: "80", other: 5 },
  });
  assertEquals<Record<string, unknown>>(found, { id: "7", port: "80", other: 5, _: [] });
});

Deno.test("parseArgs calls unknown for undeclared arguments", () => {
  const asked: unknown[][] = [];
  const found: Record<string, unknown> = parseArgs(
    ["--id=1", "--bad", "7", "-x", "word", "--all", "--", "--rest"],
    {
      string: ["id"],
      boolean: ["all"],
      unknown: (...what) => {
        asked.push(what);
        return false;
      },
    },
  );
  assertEquals(found, { id: "1", all: true, _: ["--rest"] });
  assertEquals(asked, [["--bad", "bad", "7"], ["-x", "x", "word"]]);
});

Deno.test("parseArgs separates arguments after two dashes on request", () => {
  const found = parseArgs(["a", "--b", "--", "c", "--d"], { "--": true, boolean: ["b"] });
  const rest: readonly string[] = found["--"];
  assertEquals(rest, ["c", "--d"]);
  assertEquals(found._, ["a"]);
  assertEquals(found.b, true);
});

Deno.test("parse-args is the same function", () => {
  assert((parseArgsToo as unknown) === parseArgs);
});

Deno.test("unicodeWidth counts the columns of a terminal", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["", 0],
    ["abc", 3],
    ["é", 1],
    ["e\u0301", 1],
    ["漢字", 4],
    ["🚀", 2],
    ["a\tb\n", 2],
    ["\u007f\u0085", 0],
    ["→ ✓", 3],
  ];
  for (const [text, width] of cases) assertEquals(unicodeWidth(text), width, text);
});
