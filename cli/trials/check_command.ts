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
import type { Row } from "../rows/mod.ts";

/** Reads the file, judges it, says why. */
export async function run(context: CommandContext<Row<"check">>): Promise<ExitReason> {
  const { options, output, args: { file: path } } = context;
  const file = parse(path, await untilInterrupted(context, read(path)));
  const begin = performance.now();
  // Beside this thread, so that Ctrl-C is heard.
  const work = checkInWorker({
    model: file.model.model.name,
    history: file.operations,
    deadlineMs: options.timeout,
  });
  const result = await untilInterrupted(context, work);
  const { timeline: page } = options;
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
