/**
 * Reads a command line against the table: which command, its arguments, and the value of every
 * flag, taken from the flag, else from its environment variable, else from the table's default.
 * Knows the table's shape but not its rows. Pure: arguments and environment come in as values.
 *
 * Invariant: an {@linkcode Options} holds only values that were checked; reading one cannot fail.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type CommandSpec, type FlagSpec, UsageError } from "./command.ts";
import { nearest } from "./nearest.ts";

/** Reads one environment variable. */
export type Environment = (name: string) => string | undefined;

type Value = string | number | boolean | readonly string[] | null;

/** The checked arguments and flags of one command line. */
export class Options {
  readonly command: CommandSpec;
  /** All that is not a flag, in order. */
  readonly positional: readonly string[];
  /** What followed `--`. */
  readonly rest: readonly string[];
  readonly #values: ReadonlyMap<string, Value>;

  constructor(
    command: CommandSpec,
    parsed: {
      positional: readonly string[];
      rest: readonly string[];
      values: ReadonlyMap<string, Value>;
    },
  ) {
    this.command = command;
    this.positional = parsed.positional;
    this.rest = parsed.rest;
    this.#values = parsed.values;
  }

  #value(name: string): Value {
    const value = this.#values.get(name);
    if (value === undefined) {
      throw new Error(`Cannot read flag "${name}": "${this.command.name}" has no such flag`);
    }
    return value;
  }

  /** True when the command has such a flag, given or not. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** A flag of type text, or `null` where it has no value. */
  text(name: string): string | null {
    return this.#value(name) as string | null;
  }

  /** A flag of type integer, number, duration (milliseconds) or bytes, or `null`. */
  number(name: string): number | null {
    return this.#value(name) as number | null;
  }

  /** A flag that is on or off. */
  boolean(name: string): boolean {
    return this.#value(name) === true;
  }

  /** A flag of type list; empty where it has no value. */
  list(name: string): readonly string[] {
    return (this.#value(name) as readonly string[] | null) ?? [];
  }

  /** The argument at a place that the table says is required. */
  argument(at: number): string {
    const value = this.positional[at];
    if (value === undefined) throw new Error(`Cannot read argument ${at}: not required by table`);
    return value;
  }
}

/** What a command line asks for. */
export type Invocation =
  | { readonly kind: "run"; readonly options: Options }
  | { readonly kind: "help"; readonly command: CommandSpec | null };

/** The environment variable of a flag. */
export function variableName(command: CommandSpec, flag: FlagSpec): string {
  const words = flag.shared ? flag.name : `${command.name}_${flag.name}`;
  return `KONTIKI_${words.replaceAll("-", "_").toUpperCase()}`;
}

/** Reads a whole command line, the name of the executable left out. */
export function parseCommandLine(
  args: readonly string[],
  table: { readonly commands: readonly CommandSpec[]; readonly environment: Environment },
): Invocation {
  const [first, ...others] = args;
  if (first === undefined || first === "--help" || first === "-h") {
    return { kind: "help", command: null };
  }
  if (first === "help") {
    const wanted = others[0];
    return { kind: "help", command: wanted === undefined ? null : findCommand(wanted, table) };
  }
  const command = findCommand(first === "--version" ? "version" : first, table);
  return parseCommand(others, { command, environment: table.environment });
}

function findCommand(
  name: string,
  table: { readonly commands: readonly CommandSpec[] },
): CommandSpec {
  const found = table.commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const names = table.commands.map((command) => command.name);
  const near = nearest(name, names);
  const hint = near === null ? `wanted one of ${names.join(", ")}` : `did you mean "${near}"?`;
  throw new UsageError(`Cannot run "${name}": no such command; ${hint}`);
}

function parseCommand(
  args: readonly string[],
  { command, environment }: { command: CommandSpec; environment: Environment },
): Invocation {
  const flags = command.flags;
  const booleans = flags.filter((flag) => flag.type === "boolean").map((flag) => flag.name);
  const strings = flags.filter((flag) => flag.type !== "boolean").map((flag) => flag.name);
  checkBooleans(args, command);
  const alias: Record<string, string> = { help: "h" };
  for (const flag of flags) if (flag.short !== undefined) alias[flag.name] = flag.short;
  const parsed = parseArgs([...args], {
    string: [...strings, "_"],
    boolean: [...booleans, "help"],
    // Null tells "not given" from "given as false", so that a flag can overrule a variable.
    default: Object.fromEntries(booleans.map((name) => [name, null])),
    alias,
    "--": true,
    unknown: (arg: string, key?: string): boolean => {
      if (key === undefined) return true;
      throw unknownFlag(arg, command);
    },
  }) as Record<string, unknown> & { _: (string | number)[]; "--"?: string[] };
  if (parsed["help"] === true) return { kind: "help", command };

  const values = new Map<string, Value>();
  for (const flag of flags) {
    values.set(flag.name, flagValue(flag, { command, environment, parsed }));
  }
  const positional = parsed._.map(String);
  const rest = parsed["--"] ?? [];
  checkPositional(positional, command);
  if (rest.length > 0 && command.rest === undefined) positional.push(...rest);
  return { kind: "run", options: new Options(command, { positional, rest, values }) };
}

function unknownFlag(arg: string, command: CommandSpec): UsageError {
  const given = arg.replace(/=.*$/s, "");
  const name = given.replace(/^-+/, "");
  const flag = command.flags.find((candidate) => candidate.name === name);
  if (flag !== undefined) return missingValue(flag, command);
  const names = [...command.flags.map((flag) => flag.name), "help"];
  const near = nearest(name, names);
  const hint = near === null
    ? `wanted one of ${names.map((flag) => `--${flag}`).join(", ")}`
    : `did you mean "--${near}"?`;
  return new UsageError(
    `Cannot use "${given}": "kontiki ${command.name}" has no such flag; ${hint}`,
    command.name,
  );
}

function missingValue(flag: FlagSpec, command: CommandSpec): UsageError {
  const message = `Cannot read --${flag.name}: wanted ${wanted(flag)}, got nothing`;
  return new UsageError(message, command.name);
}

/** A word after `=` that is neither true nor false would silently count as true. */
function checkBooleans(args: readonly string[], command: CommandSpec): void {
  for (const arg of args) {
    if (arg === "--") return;
    const groups = /^--(?<name>[^=]+)=(?<value>.*)$/s.exec(arg)?.groups;
    const flag = command.flags.find((candidate) => candidate.name === groups?.["name"]);
    if (flag?.type !== "boolean") continue;
    const value = groups!["value"]!;
    if (value !== "true" && value !== "false") {
      throw new UsageError(
        `Cannot read --${flag.name}: wanted true or false, got "${value}"`,
        command.name,
      );
    }
  }
}

function checkPositional(positional: readonly string[], command: CommandSpec): void {
  const missing = command.arguments.find((argument, at) =>
    argument.required && positional[at] === undefined
  );
  if (missing !== undefined) {
    throw new UsageError(
      `Cannot run "kontiki ${command.name}": wanted ${missing.name} (${missing.help}), got nothing`,
      command.name,
    );
  }
  const isOpen = command.arguments.some((argument) => argument.many === true);
  const extra = positional[command.arguments.length];
  if (!isOpen && extra !== undefined) {
    const count = command.arguments.length;
    throw new UsageError(
      `Cannot run "kontiki ${command.name}": wanted ${count === 0 ? "no" : count} argument${
        count === 1 ? "" : "s"
      }, got one more: "${extra}"`,
      command.name,
    );
  }
}

function flagValue(
  flag: FlagSpec,
  { command, environment, parsed }: {
    command: CommandSpec;
    environment: Environment;
    parsed: Record<string, unknown>;
  },
): Value {
  const given = parsed[flag.name];
  if (typeof given === "boolean") return given;
  if (given === "") throw missingValue(flag, command);
  const isGiven = typeof given === "string";
  const variable = variableName(command, flag);
  // An empty variable counts as none.
  const text = isGiven ? given : environment(variable) || flag.default;
  if (text === undefined) {
    if (flag.required) throw missingValue(flag, command);
    return flag.type === "boolean" ? false : null;
  }
  const value = readValue(flag, text);
  if (value === null) {
    const source = isGiven ? `--${flag.name}` : variable;
    const message = `Cannot read ${source}: wanted ${wanted(flag)}, got "${text}"`;
    throw new UsageError(message, command.name);
  }
  return value;
}

function wanted(flag: FlagSpec): string {
  if (flag.choices !== undefined) return `one of ${flag.choices.join(", ")}`;
  const from = flag.min === undefined ? "" : ` from ${flag.min}`;
  const range = flag.max === undefined
    ? (from === "" ? "" : `${from} on`)
    : `${from} to ${flag.max}`;
  switch (flag.type) {
    case "text":
      return flag.value ?? "a text";
    case "list":
      return flag.value ?? "a list with commas";
    case "integer":
      return `a whole number${range}`;
    case "number":
      return `a number${range}`;
    case "boolean":
      return "true or false";
    case "duration":
      return "a duration such as 500ms, 5s or 2m";
    case "bytes":
      return "a size such as 256, 64KiB or 1MiB";
  }
}

/** The value of a text, or `null` where it is not one of the flag's type. */
function readValue(flag: FlagSpec, text: string): Value {
  if (flag.choices !== undefined && !flag.choices.includes(text)) return null;
  switch (flag.type) {
    case "text":
      return text;
    case "list":
      return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
    case "boolean":
      if (text === "1" || text === "true") return true;
      return text === "0" || text === "false" ? false : null;
    case "integer":
      return /^-?\d+$/.test(text) ? inRange(flag, Number(text)) : null;
    case "number":
      return /^-?\d+(\.\d+)?$/.test(text) ? inRange(flag, Number(text)) : null;
    case "duration":
      return inRange(flag, parseDuration(text));
    case "bytes":
      return inRange(flag, parseBytes(text));
  }
}

function inRange(flag: FlagSpec, value: number | null): number | null {
  if (value === null || !Number.isFinite(value)) return null;
  if (flag.type === "integer" && !Number.isSafeInteger(value)) return null;
  const isInside = value >= (flag.min ?? -Infinity) && value <= (flag.max ?? Infinity);
  return isInside ? value : null;
}

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const byteUnits: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** Milliseconds of a text such as `500ms`, `5s` or `2m`; `null` for anything else. */
export function parseDuration(text: string): number | null {
  const groups = /^(?<count>\d+(?:\.\d+)?)(?<unit>ms|s|m|h)$/.exec(text)?.groups;
  return groups ? Number(groups["count"]) * durationUnits[groups["unit"]!]! : null;
}

/** Bytes of a text such as `256`, `64KiB` or `1MiB`; `null` for anything else. */
export function parseBytes(text: string): number | null {
  const groups = /^(?<count>\d+)(?<unit>B|KiB|MiB|GiB|)$/.exec(text)?.groups;
  return groups ? Number(groups["count"]) * byteUnits[groups["unit"]!]! : null;
}
