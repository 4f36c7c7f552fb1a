/**
 * Types of commands: the row, its function, and the context of that function. `cli/commands.ts`
 * joins rows and functions.
 *
 * @module
 */

import type { ExitReason } from "./exit_codes.ts";
import type { Output } from "./output.ts";
import type { ArgumentsOf, ArgumentValue, CommandRow, FlagValue, OptionsOf } from "./row.ts";
import type { Session } from "./session.ts";

/** The result of a command: a reason, or the exit code of a program that it ran. */
export type Ending = ExitReason | number;

/** The context of every command. */
interface CommonContext {
  /** The arguments after `--`, for a row with `rest`. */
  readonly rest: readonly string[];
  readonly output: Output;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** The commands that a shell offers. */
  readonly shellCommands: readonly Command[];
}

/** The context of a command's function, typed by its row. */
export interface CommandContext<Row extends CommandRow> extends CommonContext {
  readonly options: OptionsOf<Row>;
  readonly args: ArgumentsOf<Row>;
}

/** The flags that name a cluster. */
export type ClusterFlag = "endpoints" | "data";

/** The same for an open cluster, without the flags that name one. */
export interface SessionContext<Row extends CommandRow> extends CommonContext {
  readonly options: Omit<OptionsOf<Row>, ClusterFlag>;
  readonly args: ArgumentsOf<Row>;
}

/** The code of a command of the executable. */
export interface CommandCode<Row extends CommandRow> {
  /** Does the work, and returns how it ended. */
  readonly run: (context: CommandContext<Row>) => Promise<Ending>;
}

/** The code of a command of the shell. */
export interface ShellCode<Row extends CommandRow> {
  /** Does the work on the shell's cluster, and returns how it ended. */
  readonly runIn: (context: SessionContext<Row>, session: Session) => Promise<Ending>;
}

/** The context of a row that is known only at run time. */
export interface AnyContext extends CommonContext {
  readonly options: Readonly<Record<string, FlagValue>>;
  readonly args: Readonly<Record<string, ArgumentValue>>;
}

/** Code whose row is known only at run time; the parser makes the options that fit the row. */
export interface LoadedCode {
  readonly run?: (context: AnyContext) => Promise<Ending>;
  readonly runIn?: (context: AnyContext, session: Session) => Promise<Ending>;
}

/** A row with its code. */
export interface Command extends CommandRow {
  /** Loads the code, only when the command runs. */
  readonly load: () => Promise<LoadedCode>;
}
