/**
 * Tests of parsing command lines, with a small table and with the real one.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { rows } from "../rows/mod.ts";
import { UsageError } from "./errors.ts";
import { parseCommand, parseCommandLine, variableName } from "./options.ts";
import type { CommandRow } from "./row.ts";
import { parseBytes, parseDuration, parseHex } from "./values.ts";

const paint = {
  name: "paint",
  summary: "Paint.",
  arguments: [{ name: "WALL", required: true, help: "what to paint" }],
  flags: [
    { name: "colour", type: "text", default: "white", choices: ["white", "blue"], help: "" },
    { name: "coats", type: "integer", default: "1", min: 1, max: 5, help: "" },
    { name: "dry", type: "duration", min: 60_000, help: "" },
    { name: "bucket", type: "bytes", min: 512, max: 2 ** 20, help: "" },
    { name: "lid", type: "bytes", max: 1025, help: "" },
    { name: "rooms", type: "list", shared: true, short: "r", help: "" },
    { name: "fast", type: "boolean", help: "" },
  ],
  rest: "COMMAND",
  examples: [],
} as const satisfies CommandRow;

const commands: readonly CommandRow[] = rows;

/** Parses a line of words after `paint`. */
function parse(line: string, variables: Record<string, string> = {}) {
  const environment = (name: string) => variables[name];
  const invocation = parseCommand(line.split(" "), { command: paint, environment });
  assert(invocation.kind === "run");
  return invocation;
}

function usageMessage(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error("wanted a UsageError, got none");
}

Deno.test("options prefer the flag to the variable, and the variable to the default", () => {
  const variables = { KONTIKI_PAINT_COATS: "3" };
  assertEquals(parse("hall --coats 2", variables).options.coats, 2);
  assertEquals(parse("hall", variables).options.coats, 3);
  assertEquals(parse("hall").options.coats, 1);
});

Deno.test("options let a false flag override a boolean variable", () => {
  const variables = { KONTIKI_PAINT_FAST: "1" };
  assertEquals(parse("hall", variables).options.fast, true);
  assertEquals(parse("hall --fast=false", variables).options.fast, false);
  assertEquals(parse("hall").options.fast, false);
});

Deno.test("options read every type of flag", () => {
  const { options, args, rest } = parse(
    "7 -r hall,attic --dry=1.5m --bucket 2KiB --colour=blue -- sh -c --coats",
  );
  // The types follow from the row; otherwise this would not compile.
  const typed: {
    readonly colour: "white" | "blue";
    readonly coats: number;
    readonly dry: number | null;
    readonly rooms: readonly string[] | null;
    readonly fast: boolean;
  } = options;
  assertEquals(typed.coats, 1);
  assertEquals(args.wall, "7");
  assertEquals(options.rooms, ["hall", "attic"]);
  assertEquals(options.dry, 90_000);
  assertEquals(options.bucket, 2048);
  assertEquals(options.colour, "blue");
  assertEquals(rest, ["sh", "-c", "--coats"]);
});

Deno.test("options name the wanted and the given value in an error", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["hall --coats 9", 'Cannot read --coats: wanted a whole number from 1 to 5, got "9"'],
    ["hall --coats many", 'got "many"'],
    ["hall --coats", "Cannot read --coats: wanted a whole number from 1 to 5, got nothing"],
    ["hall --coats=", "got nothing"],
    ["hall --colour red", 'wanted one of white, blue, got "red"'],
    ["hall --dry 59s", 'wanted a duration of at least 1m such as 500ms, 5s or 2m, got "59s"'],
    ["hall --bucket 2MiB", 'a size from 512B to 1MiB such as 256, 64KiB or 1MiB, got "2MiB"'],
    ["hall --bucket 511", "wanted a size from 512B to 1MiB"],
    ["hall --lid 1026", "wanted a size of at most 1025B"],
    ["hall --fast=perhaps", 'wanted true or false, got "perhaps"'],
    ["hall --colr blue", 'did you mean "--colour"?'],
    ["hall --zzzzzzzz", "wanted one of --colour, --coats"],
    ["--fast", "wanted WALL (what to paint), got nothing"],
    ["hall attic", 'wanted 1 argument, got one more: "attic"'],
  ];
  for (const [line, part] of cases) {
    const message = usageMessage(() => parse(line));
    assert(message.includes(part), `${line}: ${message}`);
  }
});

Deno.test("options say how to give a value that begins with a hyphen", () => {
  const message = usageMessage(() => parse("hall --coats -1"));
  assert(message.includes("as in --coats=-1"), message);
  assertEquals(
    usageMessage(() => parse("hall --coats=-1")),
    usageMessage(() => parse("hall", { KONTIKI_PAINT_COATS: "-1" }))
      .replace("KONTIKI_PAINT_COATS", "--coats"),
  );
});

Deno.test("options suggest a similar command when the name is unknown", () => {
  const table = { commands: [paint], environment: () => undefined };
  const message = (name: string) => usageMessage(() => parseCommandLine([name, "hall"], table));
  assert(message("pain").includes('did you mean "paint"?'));
  assert(message("sculpt").includes("wanted one of paint"));
});

Deno.test("options name the variable when its value is wrong", () => {
  const message = usageMessage(() => parse("hall", { KONTIKI_PAINT_COATS: "x" }));
  assert(message.startsWith("Cannot read KONTIKI_PAINT_COATS: wanted"), message);
});

Deno.test("durations and sizes are null when the unit is missing or wrong", () => {
  assertEquals(["5ms", "2m", "1h", "5", "s", "-1s", "1d"].map(parseDuration), [
    5,
    120_000,
    3_600_000,
    null,
    null,
    null,
    null,
  ]);
  assertEquals(["5", "5B", "1MiB", "1MB", "x"].map(parseBytes), [5, 5, 1048576, null, null]);
});

Deno.test("hexadecimal digits are bytes, two digits for each", () => {
  assertEquals(parseHex("00fFa5"), Uint8Array.of(0, 0xff, 0xa5));
  assertEquals(parseHex(""), new Uint8Array(0));
  assertEquals(["0", "0x00", "gg", "00 11"].map(parseHex), [null, null, null, null]);
});

Deno.test("every command refuses a wrong flag, a wrong value and a missing argument", () => {
  const table = { commands, environment: () => undefined };
  for (const command of commands) {
    const fill = command.arguments.filter((each) => each.required).map(() => "x");
    const required = command.flags.filter((flag) => flag.required)
      .map((flag) => `--${flag.name}=${flag.type === "integer" ? 1 : "x"}`);
    const line = [command.name, ...fill, ...required];
    assertEquals(parseCommandLine(line, table).kind, "run", command.name);
    usageMessage(() => parseCommandLine([...line, "--no-such-flag"], table));
    for (const flag of command.flags) {
      const isFree = flag.choices === undefined && (flag.type === "text" || flag.type === "list");
      if (isFree) continue;
      usageMessage(() => parseCommandLine([...line, `--${flag.name}=wrong!`], table));
    }
    if (fill.length > 0) {
      usageMessage(() => parseCommandLine([command.name, ...fill.slice(1), ...required], table));
    }
    for (const flag of required) {
      usageMessage(() => parseCommandLine(line.filter((word) => word !== flag), table));
    }
  }
});

Deno.test("every variable of the table has one meaning, and every default is valid", () => {
  const seen = new Map<string, string>();
  for (const command of commands) {
    for (const flag of command.flags) {
      const variable = variableName(command, flag);
      if (variable === null) continue;
      const meaning = `${flag.name} ${flag.type}`;
      assertEquals(seen.get(variable) ?? meaning, meaning);
      seen.set(variable, meaning);
    }
  }
});

/** What a line comes to on the real table. */
function run(line: string, variables: Record<string, string> = {}) {
  const environment = (name: string) => variables[name];
  const invocation = parseCommandLine(line.split(" "), { commands, environment });
  assert(invocation.kind === "run");
  return invocation;
}

Deno.test("a flag on the command line silences the variables of flags that it excludes", () => {
  const variables = { KONTIKI_ENDPOINTS: "10.0.0.1:7401", KONTIKI_DATA: "elsewhere" };
  const { options } = run("get colour --data here", variables);
  assertEquals([options["data"], options["endpoints"]], ["here", null]);
  assertEquals(run("get colour", variables).options["endpoints"], ["10.0.0.1:7401"]);
  const given = run("get colour -e 10.0.0.2:7401", variables).options;
  assertEquals([given["data"], given["endpoints"]], ["kontiki-data", ["10.0.0.2:7401"]]);
  for (const line of ["get a --data here -e 10.0.0.1:7401", "bench --nodes 5 -e 10.0.0.1:7401"]) {
    const message = usageMessage(() => run(line));
    assert(message.includes("together with"), message);
  }
  assertEquals(run("bench -e h:1", { KONTIKI_BENCH_NODES: "5" }).options["nodes"], 3);
});

Deno.test("bench takes the cluster to load from its command line only", () => {
  const variables = {
    KONTIKI_ENDPOINTS: "10.0.0.1:7401",
    KONTIKI_BENCH_ENDPOINTS: "10.0.0.1:7401",
  };
  assertEquals(run("bench", variables).options["endpoints"], null);
  assertEquals(run("bench -e 10.0.0.1:7401").options["endpoints"], ["10.0.0.1:7401"]);
});

Deno.test("two hyphens end the flags, and begin another program once arguments are complete", () => {
  assertEquals(run("put -- -k -v").args, { key: "-k", value: "-v" });
  assertEquals(run("put a -- --version").args, { key: "a", value: "--version" });
  assertEquals(run("put --version 3 -- -k --").args, { key: "-k", value: "--" });
  assertEquals(run("put a -").args, { key: "a", value: "-" });
  assertEquals(run("lock a -- cat -- b").rest, ["cat", "--", "b"]);
  const dashed = run("lock -- -a -- cat -n");
  assertEquals([dashed.args, dashed.rest], [{ name: "-a" }, ["cat", "-n"]]);
  assertEquals(run("lock -- -a --").rest, []);
  assert(usageMessage(() => run("lock -- cat")).includes("wanted NAME"));
  const message = usageMessage(() => run("put -k v"));
  assert(message.includes('write "--" before an argument'), message);
});
