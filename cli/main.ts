/**
 * The entry of the executable: reads the command line, runs the command, and ends with its exit
 * code. Commands are loaded only when they run, so that `kontiki version` starts fast.
 *
 * Invariant: a failure outside the program ends with one line on standard error and its exit code;
 * an error of the program ends with its stack.
 *
 * @module
 */

import {
  type AnyContext,
  type Command,
  CommandError,
  commandHelp,
  type Ending,
  exitCodes,
  Output,
  overviewHelp,
  parseCommandLine,
  systemMessage,
  terminalColumns,
  UsageError,
} from "./table/mod.ts";
import { commands, shellCommands } from "./commands.ts";

/** Runs one command line to its end. */
export async function main(words: readonly string[]): Promise<Ending> {
  let output = processOutput(words.includes("--json"));
  try {
    checkWords(words);
    const invocation = parseCommandLine(words, { commands, environment: readVariable });
    if (invocation.kind === "help") {
      const { command } = invocation;
      output.raw(command === null ? overviewHelp(commands) : commandHelp(command));
      return "ok";
    }
    const { command, options, args, rest } = invocation;
    output = processOutput(options["json"] === true);
    return await runCommand(command, { options, args, rest, output, shellCommands });
  } catch (error) {
    return report(error, output);
  }
}

/**
 * Refuses words that are not UTF-8: the runtime replaces such bytes by U+FFFD, which would make one
 * key of two.
 */
function checkWords(words: readonly string[]): void {
  const word = words.find((each) => each.includes("\ufffd"));
  if (word === undefined) return;
  throw new UsageError(
    `Cannot read "${word}": wanted UTF-8, got other bytes, or U+FFFD, which stands for them; give ` +
      "a key with --key-hex, a value with --value-hex or on standard input",
  );
}

function readVariable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.InvalidData)) throw error;
    throw new UsageError(`Cannot read ${name}: wanted UTF-8, got other bytes`);
  }
}

async function runCommand(
  command: Command,
  context: Omit<AnyContext, "signal">,
): Promise<Ending> {
  const interrupt = new AbortController();
  const stop = (): void => {
    // A second Ctrl-C ends the process at once.
    if (interrupt.signal.aborted) Deno.exit(exitCodes.interrupted);
    interrupt.abort(new CommandError("interrupted", "Interrupted."));
  };
  const signals: readonly Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  try {
    const { run } = await command.load();
    if (run === undefined) throw new Error(`Cannot run ${command.name}: it has no run`);
    return await run({ ...context, signal: interrupt.signal });
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
  }
}

function processOutput(isJson: boolean): Output {
  return new Output({
    writeOut: (bytes) => {
      const error = writeAll(Deno.stdout, bytes);
      // The reader of the results has gone, as with `| head`, so the rest of the work is of no use.
      if (error instanceof Deno.errors.BrokenPipe) Deno.exit(exitCodes.ok);
      if (error !== null) throw new CommandError("failure", `Cannot write the output: ${error}`);
    },
    // A node goes on when the reader of its log has gone, or the log's disk is full.
    writeError: (bytes) => void writeAll(Deno.stderr, bytes),
    isTerminal: Deno.stdout.isTerminal(),
    isErrorTerminal: Deno.stderr.isTerminal(),
    isColorWanted: (Deno.env.get("NO_COLOR") ?? "") === "",
    isJson,
    columns: terminalColumns,
  });
}

/** The error if not all could be written; `null`: all was. */
function writeAll(stream: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): unknown {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += stream.writeSync(bytes.subarray(written));
    } catch (error) {
      // A full pipe that does not block: the reader has to make room first.
      if (!(error instanceof Deno.errors.WouldBlock)) return error;
    }
  }
  return null;
}

function report(error: unknown, output: Output): Ending {
  if (error instanceof UsageError) {
    output.error(error.message);
    const help = error.command === null ? "kontiki --help" : `kontiki ${error.command} --help`;
    output.note(`Run "${help}" for help.`);
    return "usage";
  }
  if (error instanceof CommandError) {
    if (error.reason === "interrupted") output.note(error.message);
    else output.error(error.message);
    return error.reason;
  }
  const message = systemMessage(error);
  if (message !== null) output.error(`Cannot go on: ${message}`);
  else output.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return "failure";
}

if (import.meta.main) {
  const ending = await main(Deno.args);
  Deno.exit(typeof ending === "number" ? ending : exitCodes[ending]);
}
