/**
 * The shape of a command's row in the table, and the types that follow from a row: what a function
 * gets for its flags and arguments. Types only; the rows themselves are in `cli/rows/`, reading a
 * command line against them is in `options.ts`.
 *
 * @module
 */

/** How the text of a flag is read. */
export type FlagType = "text" | "integer" | "number" | "boolean" | "list" | "duration" | "bytes";

/** One flag of a command. */
export interface FlagRow {
  readonly name: string;
  readonly type: FlagType;
  /** What stands for the value in help, such as `HOST:PORT,…`. */
  readonly value?: string;
  /** The text that is read when neither flag nor variable gives one. */
  readonly default?: string;
  readonly choices?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly required?: true;
  /** A single letter, used with one hyphen. */
  readonly short?: string;
  /**
   * Flags that mean something else in its place: refused beside it on one command line. A flag on
   * the command line also keeps the variables of those it excludes, or that exclude it, from
   * counting.
   */
  readonly excludes?: readonly string[];
  /** Only the command line can give it: no environment variable stands for it. */
  readonly commandLineOnly?: true;
  /** Shared flags mean the same for every command, and share one environment variable. */
  readonly shared?: true;
  readonly help: string;
}

/** One argument that is not a flag. */
export interface ArgumentRow {
  readonly name: string;
  /** How it is read. @default {"text"} */
  readonly type?: "integer" | "number" | "duration";
  readonly min?: number;
  readonly max?: number;
  readonly required: boolean;
  /** Takes all that is left. */
  readonly many?: true;
  /** What the shell offers when Tab is pressed. */
  readonly completes?: "key" | "node" | "group" | "command" | "action";
  readonly help: string;
}

/** How a text is read as a value: what flags and arguments have in common. */
export type ValueRow = Pick<FlagRow, "type" | "value" | "choices" | "min" | "max">;

/** An example of a command line, for the help. */
export interface Example {
  readonly line: string;
  readonly help: string;
}

/** One command: a row of the table. */
export interface CommandRow {
  readonly name: string;
  readonly summary: string;
  /** Paragraphs after the summary, in help and reference. */
  readonly description?: readonly string[];
  readonly arguments: readonly ArgumentRow[];
  readonly flags: readonly FlagRow[];
  readonly examples: readonly Example[];
  /** The name of the words after `--`, which belong to another program. */
  readonly rest?: string;
  /** The shell has this command too, without the flags that name a cluster. */
  readonly inShell?: true;
}

/** The value of any flag; `null`: neither flag nor variable nor default gave one. */
export type FlagValue = string | number | boolean | readonly string[] | null;

/** The value of any argument; `null`: it is not required and was left out. */
export type ArgumentValue = string | number | readonly string[] | null;

/** The name of a flag in code: `logLevel` for `log-level`. */
export type OptionName<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<OptionName<Rest>>}`
  : Name;

type GivenValue<Flag extends FlagRow> = Flag["type"] extends "list" ? readonly string[]
  : Flag["type"] extends "text"
    ? (Flag extends { choices: readonly (infer Choice)[] } ? Choice : string)
  : number;

type ValueOf<Flag extends FlagRow> = Flag["type"] extends "boolean" ? boolean
  : Flag extends { required: true } | { default: string } ? GivenValue<Flag>
  : GivenValue<Flag> | null;

/** What a function gets for the flags of its row. Durations are in milliseconds, sizes in bytes. */
export type OptionsOf<Row extends CommandRow> = {
  readonly [Flag in Row["flags"][number] as OptionName<Flag["name"]>]: ValueOf<Flag>;
};

type GivenArgument<Each extends ArgumentRow> = Each extends { type: string } ? number : string;

/** What a function gets for the arguments of its row, by their names in small letters. */
export type ArgumentsOf<Row extends CommandRow> = {
  readonly [Each in Row["arguments"][number] as Lowercase<Each["name"]>]: Each extends
    { many: true } ? readonly string[]
    : Each extends { required: true } ? GivenArgument<Each>
    : GivenArgument<Each> | null;
};
