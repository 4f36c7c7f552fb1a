/**
 * What `@std/cli` must do for us, whether it is the original or the stand-in in `tools/std`.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { parseArgs, unicodeWidth } from "@std/cli";
import { parseArgs as parseArgsToo } from "@std/cli/parse-args";

Deno.test("parseArgs guesses kinds when nothing is declared", () => {
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
    [["--a.b.c", "1"], { a: { b: { c: 1 } }, _: [] }],
    [["-abc", "d"], { a: true, b: true, c: "d", _: [] }],
    [["-n5"], { n: 5, _: [] }],
    [["-n=5"], { n: 5, _: [] }],
    [["-vn5"], { v: "n5", _: [] }],
    [["-f./x"], { f: "./x", _: [] }],
    [["-a", "true"], { a: "true", _: [] }],
    [["-a-"], { a: "-", _: [] }],
    [["--a", "--", "--b", "1"], { a: true, _: ["--b", "1"] }],
    [["--__proto__.x", "1"], { _: [] }],
    [["--a", "multi\nline"], { a: "multi\nline", _: [] }],
    [["--a=multi\nline"], { a: "multi\nline", _: [] }],
  ];
  for (const [args, expected] of cases) {
    const found: Record<string, unknown> = parseArgs(args);
    assertEquals(found, expected, args.join(" "));
  }
});

Deno.test("parseArgs keeps strings and turns booleans off when they are declared", () => {
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

Deno.test("parseArgs lets a string flag take what looks like none", () => {
  const options = { string: ["data"] } as const;
  assertEquals(parseArgs(["--data", "--next"], options).data, "");
  assertEquals(parseArgs(["--data"], options).data, "");
  assertEquals(parseArgs(["--data=--next"], options).data, "--next");
  assertStrictEquals(parseArgs([], options).data, undefined);
  assertEquals<unknown>(parseArgs(["5"], { string: ["_"] })._, ["5"]);
});

Deno.test("parseArgs negates only what may be negated", () => {
  const options = { boolean: ["color", "verbose"], negatable: ["color"] } as const;
  const off = parseArgs(["--no-color", "--no-verbose"], options);
  assertEquals<Record<string, unknown>>(off, {
    color: false,
    verbose: false,
    "no-verbose": true,
    _: [],
  });
  assertEquals(parseArgs([], { ...options, default: { color: true } }).color, true);
  const both = parseArgs(["--no-color", "--color"], { ...options, default: { color: true } });
  assertEquals(both.color, true);
});

Deno.test("parseArgs collects what may be given several times", () => {
  const options = { string: ["peer"], boolean: ["v"], collect: ["peer", "v", "any"] } as const;
  const found = parseArgs(["--peer=1", "--peer", "2", "-v", "-v", "--any=1", "--any=x"], options);
  const peers: readonly string[] = found.peer;
  assertEquals(peers, ["1", "2"]);
  assertEquals<readonly unknown[]>(found.v, [true, true]);
  assertEquals<readonly unknown[]>(found.any, [1, "x"]);
  const none = parseArgs([], options);
  assertEquals<unknown[]>([none.peer, none.v, none.any], [[], [], undefined]);
});

Deno.test("parseArgs gives every name of a flag its value", () => {
  const found: Record<string, unknown> = parseArgs(["-p", "80", "-h"], {
    string: ["port"],
    boolean: ["help"],
    alias: { port: "p", help: ["h", "?"] },
  });
  assertEquals(found, { p: "80", port: "80", h: true, help: true, "?": true, _: [] });
});

Deno.test("parseArgs fills in what is not given", () => {
  const found = parseArgs(["--id=7"], {
    string: ["id", "port"],
    default: { port: "80", other: 5 },
  });
  const port: string = found.port;
  assertEquals(port, "80");
  assertEquals<Record<string, unknown>>(found, { id: "7", port: "80", other: 5, _: [] });
});

Deno.test("parseArgs stops at the first word when told to", () => {
  const found = parseArgs(["-v", "node", "--id", "5", "-x"], { boolean: ["v"], stopEarly: true });
  assertEquals<Record<string, unknown>>(found, { v: true, _: ["node", "--id", "5", "-x"] });
});

Deno.test("parseArgs asks about what is not declared", () => {
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

Deno.test("parseArgs keeps what follows two dashes apart when told to", () => {
  const found = parseArgs(["a", "--b", "--", "c", "--d"], { "--": true, boolean: ["b"] });
  const rest: readonly string[] = found["--"];
  assertEquals(rest, ["c", "--d"]);
  assertEquals(found._, ["a"]);
  assertEquals(found.b, true);
});

Deno.test("parseArgs takes every flag for a boolean when told to", () => {
  const found: Record<string, unknown> = parseArgs(["--a", "b", "--c=d", "-e", "f"], {
    boolean: true,
  });
  assertEquals(found, { a: true, c: "d", e: "f", _: ["b"] });
});

Deno.test("parse-args is the same function", () => {
  assertStrictEquals<unknown>(parseArgsToo, parseArgs);
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
