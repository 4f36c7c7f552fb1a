/**
 * How command lines are read, with a small table of its own and with the real one.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type CommandSpec, UsageError } from "./command.ts";
import { commands } from "../commands.ts";
import {
  type Options,
  parseBytes,
  parseCommandLine,
  parseDuration,
  variableName,
} from "./options.ts";

const paint: CommandSpec = {
  name: "paint",
  summary: "Paint.",
  arguments: [{ name: "WALL", required: true, help: "what to paint" }],
  flags: [
    { name: "colour", type: "text", default: "white", choices: ["white", "blue"], help: "" },
    { name: "coats", type: "integer", default: "1", min: 1, max: 5, help: "" },
    { name: "dry", type: "duration", help: "" },
    { name: "bucket", type: "bytes", help: "" },
    { name: "rooms", type: "list", shared: true, short: "r", help: "" },
    { name: "fast", type: "boolean", help: "" },
  ],
  rest: "COMMAND",
  examples: [],
  load: () => Promise.reject(new Error("never run")),
};

function parse(line: string, variables: Record<string, string> = {}): Options {
  const table = { commands: [paint], environment: (name: string) => variables[name] };
  const invocation = parseCommandLine(line.split(" "), table);
  assert(invocation.kind === "run");
  return invocation.options;
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

Deno.test("options take the flag before the variable before the default", () => {
  const variables = { KONTIKI_PAINT_COATS: "3" };
  assertEquals(parse("paint hall --coats 2", variables).number("coats"), 2);
  assertEquals(parse("paint hall", variables).number("coats"), 3);
  assertEquals(parse("paint hall").number("coats"), 1);
});

Deno.test("options overrule a boolean variable when the flag says false", () => {
  const variables = { KONTIKI_PAINT_FAST: "1" };
  assertEquals(parse("paint hall", variables).boolean("fast"), true);
  assertEquals(parse("paint hall --fast=false", variables).boolean("fast"), false);
  assertEquals(parse("paint hall").boolean("fast"), false);
});

Deno.test("options read every type of flag", () => {
  const options = parse(
    "paint 7 -r hall,attic --dry=1.5s --bucket 2KiB --colour=blue -- sh -c --coats",
  );
  assertEquals(options.positional, ["7"]);
  assertEquals(options.list("rooms"), ["hall", "attic"]);
  assertEquals(options.number("dry"), 1500);
  assertEquals(options.number("bucket"), 2048);
  assertEquals(options.text("colour"), "blue");
  assertEquals(options.rest, ["sh", "-c", "--coats"]);
});

Deno.test("options name the wanted and the given value when a value is wrong", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["paint hall --coats 9", 'Cannot read --coats: wanted a whole number from 1 to 5, got "9"'],
    ["paint hall --coats many", 'got "many"'],
    ["paint hall --coats", "Cannot read --coats: wanted a whole number from 1 to 5, got nothing"],
    ["paint hall --coats=", "got nothing"],
    ["paint hall --colour red", 'wanted one of white, blue, got "red"'],
    ["paint hall --dry 5", "wanted a duration such as 500ms, 5s or 2m"],
    ["paint hall --bucket big", "wanted a size such as"],
    ["paint hall --fast=perhaps", 'wanted true or false, got "perhaps"'],
    ["paint hall --colr blue", 'did you mean "--colour"?'],
    ["paint hall --zzzzzzzz", "wanted one of --colour, --coats"],
    ["paint", "wanted WALL (what to paint), got nothing"],
    ["paint hall attic", 'wanted 1 argument, got one more: "attic"'],
    ["pain hall", 'did you mean "paint"?'],
    ["sculpt hall", "wanted one of paint"],
  ];
  for (const [line, part] of cases) {
    const message = usageMessage(() => parse(line));
    assert(message.includes(part), `${line}: ${message}`);
  }
});

Deno.test("options name the variable when its value is wrong", () => {
  const message = usageMessage(() => parse("paint hall", { KONTIKI_PAINT_COATS: "x" }));
  assert(message.startsWith("Cannot read KONTIKI_PAINT_COATS: wanted"), message);
});

Deno.test("durations and sizes are null when they lack a unit or have a wrong one", () => {
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

Deno.test("the table gives no variable two meanings and every default passes its own check", () => {
  const seen = new Map<string, string>();
  for (const command of commands) {
    for (const flag of command.flags) {
      const variable = variableName(command, flag);
      const meaning = `${flag.name} ${flag.type}`;
      assertEquals(seen.get(variable) ?? meaning, meaning);
      seen.set(variable, meaning);
    }
  }
});
