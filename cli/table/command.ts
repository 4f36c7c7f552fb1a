/**
 * What a command is to the code around it: its row, the function behind it, and what that function
 * gets. Types only; `cli/commands.ts` joins rows and functions.
 *
 * @module
 */

import type { ExitReason } from "./exit_codes.ts";
import type { Output } from "./output.ts";
import type { ArgumentsOf, ArgumentValue, CommandRow, FlagValue, OptionsOf } from "./row.ts";
import type { Session } from "./session.ts";

/** How a command ended: a reason, or the exit code of a program that it ran. */
export type Ending = ExitReason | number;

/** What every command gets, whatever its row. */
interface CommonContext {
  /** What followed `--`, for a row with `rest`. */
  readonly rest: readonly string[];
  readonly output: Output;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** The commands that a shell offers. */
  readonly shellCommands: readonly Command[];
}

/** What the function of a command gets, typed by its row. */
export interface CommandContext<Row extends CommandRow> extends CommonContext {
  readonly options: OptionsOf<Row>;
  readonly args: ArgumentsOf<Row>;
}

/** The flags that name a cluster. */
export type ClusterFlag = "endpoints" | "data";

/** The same on a cluster that is open: no flags name one. */
export interface SessionContext<Row extends CommandRow> extends CommonContext {
  readonly options: Omit<OptionsOf<Row>, ClusterFlag>;
  readonly args: ArgumentsOf<Row>;
}

/** The code behind a command of the executable. */
export interface CommandCode<Row extends CommandRow> {
  /** Does the work, and returns how it ended. */
  readonly run: (context: CommandContext<Row>) => Promise<Ending>;
}

/** The code behind a command of the shell. */
export interface ShellCode<Row extends CommandRow> {
  /** Does the work on the shell's cluster, and returns how it ended. */
  readonly runIn: (context: SessionContext<Row>, session: Session) => Promise<Ending>;
}

/** The context of a row that is known only when the program runs. */
export interface AnyContext extends CommonContext {
  readonly options: Readonly<Record<string, FlagValue>>;
  readonly args: Readonly<Record<string, ArgumentValue>>;
}

/** Code whose row is known only when the program runs; the parser makes what fits the row. */
export interface LoadedCode {
  readonly run?: (context: AnyContext) => Promise<Ending>;
  readonly runIn?: (context: AnyContext, session: Session) => Promise<Ending>;
}

/** A row with its code. */
export interface Command extends CommandRow {
  /** Loads the code, only when the command runs. */
  readonly load: () => Promise<LoadedCode>;
}
