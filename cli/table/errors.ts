/**
 * The two errors that end a command early, and errors that the system reports: a path that cannot
 * be made, a file in the way, a full disk. Those say something about the machine, and a stack would
 * not help to mend it.
 *
 * @module
 */

import type { ExitReason } from "./exit_codes.ts";

/** The command line is wrong: exit code 2, and the error names the help to read. */
export class UsageError extends Error {
  override name = "UsageError";
  /** The command whose help explains more, if one was recognised. */
  readonly command: string | null;

  constructor(message: string, command: string | null = null) {
    super(message);
    this.command = command;
  }
}

/** A command cannot continue; the reason determines the exit code. */
export class CommandError extends Error {
  override name = "CommandError";
  readonly reason: ExitReason;

  constructor(reason: ExitReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

const kinds = Object.values(Deno.errors);

/** The message of the system in one line; `null` if the error is not one of the system. */
export function systemMessage(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  // Deno has no class for many error numbers of the system, such as that of a name that is too
  // long.
  const isOfSystem = kinds.some((kind) => error instanceof kind) ||
    /\(os error \d+\)/.test(error.message);
  return isOfSystem ? error.message.replaceAll(/\s+/g, " ") : null;
}

/**
 * Works with something outside, such as a file. When the system refuses, the command ends with one
 * line that says what it could not do.
 */
export async function attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = systemMessage(error);
    if (message === null) throw error;
    // Deno ends the system's message with what it attempted itself.
    throw new CommandError("failure", `Cannot ${what}: ${message.replace(/: \w+ '.*'$/, "")}`);
  }
}
