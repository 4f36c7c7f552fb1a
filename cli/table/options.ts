/**
 * Reads a command line against the table: which command, its arguments, and the value of every
 * flag, taken from the flag, else from its environment variable, else from the table's default.
 * Knows the table's shape but not its rows. Pure: arguments and environment come in as values.
 *
 * Invariant: options and arguments hold only values that were checked against the row; a function
 * typed by the row gets exactly what its types say.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { UsageError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import type {
  ArgumentRow,
  ArgumentsOf,
  ArgumentValue,
  CommandRow,
  FlagRow,
  FlagValue,
  OptionsOf,
} from "./row.ts";
import { readValue, wanted } from "./values.ts";

/** Reads one environment variable. */
export type Environment = (name: string) => string | undefined;

/** What a command line asks for, where the row is known when the code is written. */
export type TypedInvocation<Row extends CommandRow> =
  | {
    readonly kind: "run";
    readonly command: Row;
    readonly options: OptionsOf<Row>;
    readonly args: ArgumentsOf<Row>;
    readonly rest: readonly string[];
  }
  | { readonly kind: "help"; readonly command: Row };

/** What a command line asks for. */
export type Invocation<Row extends CommandRow> =
  | {
    readonly kind: "run";
    readonly command: Row;
    readonly options: Readonly<Record<string, FlagValue>>;
    readonly args: Readonly<Record<string, ArgumentValue>>;
    readonly rest: readonly string[];
  }
  | { readonly kind: "help"; readonly command: Row | null };

/** The environment variable of a flag; `null`: it has none. */
export function variableName(command: CommandRow, flag: FlagRow): string | null {
  if (flag.commandLineOnly) return null;
  const words = flag.shared ? flag.name : `${command.name}_${flag.name}`;
  return `KONTIKI_${words.replaceAll("-", "_").toUpperCase()}`;
}

/** Reads a whole command line, the name of the executable left out. */
export function parseCommandLine<Row extends CommandRow>(
  words: readonly string[],
  table: { readonly commands: readonly Row[]; readonly environment: Environment },
): Invocation<Row> {
  const [first, ...others] = words;
  if (first === undefined || first === "--help" || first === "-h") {
    return { kind: "help", command: null };
  }
  if (first === "help") {
    const [name] = others;
    return { kind: "help", command: name === undefined ? null : findCommand(name, table) };
  }
  const command = findCommand(first === "--version" ? "version" : first, table);
  return readCommand(others, { command, environment: table.environment });
}

/** Reads what follows the name of a command that is known, typed by its row. */
export function parseCommand<Row extends CommandRow>(
  words: readonly string[],
  how: { readonly command: Row; readonly environment: Environment },
): TypedInvocation<Row> {
  // What is read fits the row; the types of the row follow it by name, which no check can see.
  return readCommand(words, how) as TypedInvocation<Row>;
}

function findCommand<Row extends CommandRow>(
  name: string,
  table: { readonly commands: readonly Row[] },
): Row {
  const found = table.commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const names = table.commands.map((command) => command.name);
  const near = nearest(name, names);
  const hint = near === null ? `wanted one of ${names.join(", ")}` : `did you mean "${near}"?`;
  throw new UsageError(`Cannot run "${name}": no such command; ${hint}`);
}

/** Where the values of flags come from. */
interface Sources {
  readonly command: CommandRow;
  readonly environment: Environment;
  /** What the command line says, by name of flag. */
  readonly parsed: Readonly<Record<string, unknown>>;
}

function readCommand<Row extends CommandRow>(
  words: readonly string[],
  { command, environment }: { readonly command: Row; readonly environment: Environment },
): Invocation<Row> {
  const parsed = parseWords(words, command);
  if (parsed["help"] === true) return { kind: "help", command };
  const options: Record<string, FlagValue> = {};
  const sources = { command, environment, parsed };
  for (const flag of command.flags) options[optionName(flag.name)] = flagValue(flag, sources);
  const { positional, rest } = divide(parsed, command);
  return { kind: "run", command, options, args: argumentValues(positional, command), rest };
}

/**
 * Separates the arguments from the words of another program. `--` ends the flags; where another
 * program may follow, it begins there, unless a second `--` marks the words up to there as
 * arguments.
 */
function divide(
  { _, "--": behind = [] }: ParsedWords,
  command: CommandRow,
): { readonly positional: readonly string[]; readonly rest: readonly string[] } {
  const before = _.map(String);
  if (command.rest === undefined) return { positional: [...before, ...behind], rest: [] };
  const required = command.arguments.filter((each) => each.required).length;
  if (before.length >= required) return { positional: before, rest: behind };
  const second = behind.indexOf("--");
  if (second < 0) return { positional: before, rest: behind };
  return { positional: [...before, ...behind.slice(0, second)], rest: behind.slice(second + 1) };
}

type ParsedWords = Record<string, unknown> & {
  readonly _: readonly (string | number)[];
  readonly "--"?: readonly string[];
};

function parseWords(words: readonly string[], command: CommandRow): ParsedWords {
  const { flags } = command;
  const booleans = flags.filter((flag) => flag.type === "boolean").map((flag) => flag.name);
  const strings = flags.filter((flag) => flag.type !== "boolean").map((flag) => flag.name);
  checkBooleans(words, command);
  const alias: Record<string, string> = { help: "h" };
  for (const flag of flags) if (flag.short !== undefined) alias[flag.name] = flag.short;
  return parseArgs([...words], {
    string: [...strings, "_"],
    boolean: [...booleans, "help"],
    // Null means "not given", false "given as false", so that a flag can overrule a variable.
    default: Object.fromEntries(booleans.map((name) => [name, null])),
    alias,
    "--": true,
    unknown: (arg: string, key?: string): boolean => {
      if (key === undefined) return true;
      const before = words[words.indexOf(arg) - 1]?.replace(/^--?/, "");
      const wants = flags.find(({ name, type }) => name === before && type !== "boolean");
      throw wants === undefined ? unknownFlag(arg, command) : missingValue(wants, command, arg);
    },
  });
}

/** The name of a flag in code; the type of this is {@linkcode OptionsOf}. */
function optionName(flagName: string): string {
  return flagName.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function unknownFlag(arg: string, command: CommandRow): UsageError {
  const given = arg.replace(/=.*$/s, "");
  const name = given.replace(/^-+/, "");
  const flag = command.flags.find((candidate) => candidate.name === name);
  if (flag !== undefined) return missingValue(flag, command);
  const names = [...command.flags.map((flag) => flag.name), "help"];
  const near = nearest(name, names);
  const hint = near === null
    ? `wanted one of ${names.map((flag) => `--${flag}`).join(", ")}`
    : `did you mean "--${near}"?`;
  const also = command.arguments.length === 0
    ? ""
    : ' (write "--" before an argument that begins with "-")';
  return new UsageError(
    `Cannot use "${given}": "kontiki ${command.name}" has no such flag; ${hint}${also}`,
    command.name,
  );
}

function missingValue(flag: FlagRow, command: CommandRow, next = ""): UsageError {
  const hint = next === ""
    ? ""
    : ` (write "=" before a value that begins with "-", as in --${flag.name}=${next})`;
  const message = `Cannot read --${flag.name}: wanted ${wanted(flag)}, got nothing${hint}`;
  return new UsageError(message, command.name);
}

/** Without this check a word after `=` that is neither true nor false would count as true. */
function checkBooleans(args: readonly string[], command: CommandRow): void {
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

function argumentValues(
  positional: readonly string[],
  command: CommandRow,
): Record<string, ArgumentValue> {
  const values: Record<string, ArgumentValue> = {};
  for (const [at, argument] of command.arguments.entries()) {
    const { name, required, many, help } = argument;
    const text = positional[at];
    if (required && text === undefined) {
      throw new UsageError(
        `Cannot run "kontiki ${command.name}": wanted ${name} (${help}), got nothing`,
        command.name,
      );
    }
    values[name.toLowerCase()] = many === true
      ? positional.slice(at)
      : text === undefined
      ? null
      : argumentValue(text, argument, command);
  }
  const extra = positional[command.arguments.length];
  const isOpen = command.arguments.some((argument) => argument.many === true);
  if (!isOpen && extra !== undefined) {
    const count = command.arguments.length;
    throw new UsageError(
      `Cannot run "kontiki ${command.name}": wanted ${count === 0 ? "no" : count} argument${
        count === 1 ? "" : "s"
      }, got one more: "${extra}"`,
      command.name,
    );
  }
  return values;
}

function argumentValue(
  text: string,
  { name, type, ...limits }: ArgumentRow,
  command: CommandRow,
): ArgumentValue {
  if (type === undefined) return text;
  const row = { type, ...limits };
  const value = readValue(row, text);
  if (typeof value === "number") return value;
  throw new UsageError(`Cannot read ${name}: wanted ${wanted(row)}, got "${text}"`, command.name);
}

function flagValue(flag: FlagRow, sources: Sources): FlagValue {
  const { command, environment, parsed } = sources;
  const given = parsed[flag.name];
  if (given === "") throw missingValue(flag, command);
  const isGiven = typeof given === "string";
  const rival = rivalOf(flag, sources);
  if ((isGiven || given === true) && rival !== undefined) {
    throw new UsageError(
      `Cannot use --${flag.name} together with --${rival.name}: wanted only one of them`,
      command.name,
    );
  }
  if (typeof given === "boolean") return given;
  const variable = rival === undefined ? variableName(command, flag) : null;
  // An empty variable counts as none.
  const text = isGiven ? given : variable !== null && environment(variable) || flag.default;
  if (text === undefined) {
    if (flag.required) throw missingValue(flag, command);
    return flag.type === "boolean" ? false : null;
  }
  const value = readValue(flag, text);
  if (value === null) {
    const source = isGiven ? `--${flag.name}` : variable ?? "the default";
    const message = `Cannot read ${source}: wanted ${wanted(flag)}, got "${text}"`;
    throw new UsageError(message, command.name);
  }
  return value;
}

/** A flag on the command line that excludes this one, or that this one excludes. */
function rivalOf(flag: FlagRow, { command, parsed }: Sources): FlagRow | undefined {
  return command.flags.find((other) => {
    const isRival = flag.excludes?.includes(other.name) || other.excludes?.includes(flag.name);
    return isRival && (parsed[other.name] ?? null) !== null;
  });
}
