/**
 * What a command of the executable is: its place in the table (arguments, flags, help, examples)
 * and the function behind it. Only types and the two errors that end a command early; the table
 * itself is in `commands.ts`, reading a command line against it in `options.ts`.
 *
 * @module
 */

import type { ExitReason } from "./exit_codes.ts";
import type { Options } from "./options.ts";
import type { Output } from "./output.ts";
import type { Session } from "./session.ts";

/** How the text of a flag is read. */
export type FlagType = "text" | "integer" | "number" | "boolean" | "list" | "duration" | "bytes";

/** One flag of a command. */
export interface FlagSpec {
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
  /** Shared flags mean the same for every command, and share one environment variable. */
  readonly shared?: true;
  readonly help: string;
}

/** One argument that is not a flag. */
export interface ArgumentSpec {
  readonly name: string;
  readonly required: boolean;
  /** Takes all that is left. */
  readonly many?: true;
  readonly help: string;
}

/** A command line that shows what a command is good for. */
export interface Example {
  readonly line: string;
  readonly help: string;
}

/** What a command's function gets. */
export interface CommandContext {
  readonly options: Options;
  readonly output: Output;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** The commands that a shell offers. */
  readonly shellCommands: readonly CommandSpec[];
}

/** How a command ended: a reason, or the exit code of a program that it ran. */
export type Ending = ExitReason | number;

/** The module behind a command. */
export interface CommandModule {
  /** Does the work, and tells how it ended. */
  run(context: CommandContext): Promise<Ending>;
  /** The same on a cluster that is open already, for the shell. */
  runIn?(context: CommandContext, session: Session): Promise<Ending>;
}

/** One command: a row of the table. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** Paragraphs after the summary, in help and reference. */
  readonly description?: readonly string[];
  readonly arguments: readonly ArgumentSpec[];
  readonly flags: readonly FlagSpec[];
  readonly examples: readonly Example[];
  /** What follows `--` belongs to another program. */
  readonly rest?: string;
  /** The module, loaded only when the command runs. */
  readonly load: () => Promise<CommandModule>;
}

/** The command line is wrong: exit code 2, with a pointer to help. */
export class UsageError extends Error {
  override name = "UsageError";
  /** The command whose help tells more, if one was recognised. */
  readonly command: string | null;

  constructor(message: string, command: string | null = null) {
    super(message);
    this.command = command;
  }
}

/** A command cannot go on; the reason decides the exit code. */
export class CommandError extends Error {
  override name = "CommandError";
  readonly reason: ExitReason;

  constructor(reason: ExitReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
