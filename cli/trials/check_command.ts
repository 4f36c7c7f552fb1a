/**
 * `kontiki check`: judges a recorded history.
 *
 * @module
 */

import { checkInWorker, describeResult, parseHistory } from "../../tests/checker/mod.ts";
import { timelinePage } from "../../tests/pages/mod.ts";
import {
  type CommandContext,
  CommandError,
  type ExitReason,
  untilInterrupted,
} from "../table/mod.ts";

/** Reads the file, judges it, says why. */
export async function run(context: CommandContext): Promise<ExitReason> {
  const { options, output } = context;
  const path = options.argument(0);
  const file = parse(path, await untilInterrupted(context, read(path)));
  const begin = performance.now();
  // Beside this thread, so that Ctrl-C is heard.
  const work = checkInWorker({
    model: file.model.model.name,
    history: file.operations,
    deadlineMs: options.number("timeout")!,
  });
  const result = await untilInterrupted(context, work);
  const page = options.text("timeline");
  if (page !== null) {
    await Deno.writeTextFile(page, timelinePage({ ...file, model: file.model.model }, result));
  }
  if (output.isJson) output.json(result);
  else output.line(describeResult(file, result, performance.now() - begin));
  switch (result.verdict) {
    case "ok":
      return "ok";
    case "illegal":
      return "failure";
    case "unknown":
      return "unknownOutcome";
  }
}

async function read(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new CommandError("failure", `Cannot read ${path}: ${error.message}`);
  }
}

function parse(path: string, text: string): ReturnType<typeof parseHistory> {
  try {
    return parseHistory(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CommandError("damaged", `${path}: ${error.message}`);
  }
}
