/**
 * The two errors that end a command early.
 *
 * @module
 */

import type { ExitReason } from "./exit_codes.ts";

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
