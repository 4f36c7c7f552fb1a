/**
 * `kontiki check`: checks a recorded history.
 *
 * @module
 */

import { checkInWorker, describeResult, parseHistory } from "../../tests/checker/mod.ts";
import { timelinePage } from "../../tests/pages/mod.ts";
import {
  attempt,
  type CommandContext,
  CommandError,
  type ExitReason,
  untilInterrupted,
} from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";

/** Reads the file, checks the history and prints the verdict. */
export async function run(context: CommandContext<Row<"check">>): Promise<ExitReason> {
  const { options, output, args: { file: path } } = context;
  const text = await untilInterrupted(context, read(path));
  const file = parse(path === "-" ? "standard input" : path, text);
  const begin = performance.now();
  // A worker does the check, so that this thread can handle Ctrl-C.
  const work = checkInWorker({
    model: file.model.model.name,
    history: file.operations,
    deadlineMs: options.timeout,
  });
  const result = await untilInterrupted(context, work);
  // Print the verdict first, so that it is shown even if the page cannot be written.
  if (output.isJson) output.json(result);
  else output.line(describeResult(file, result, performance.now() - begin));
  const { timeline: page } = options;
  if (page !== null) {
    const text = timelinePage({ ...file, model: file.model.model }, result);
    await attempt(`write ${page}`, () => Deno.writeTextFile(page, text));
  }
  switch (result.verdict) {
    case "ok":
      return "ok";
    case "illegal":
      return "failure";
    case "unknown":
      return "unknownOutcome";
  }
}

function read(path: string): Promise<string> {
  if (path !== "-") return attempt(`read ${path}`, () => Deno.readTextFile(path));
  return attempt("read standard input", () => new Response(Deno.stdin.readable).text());
}

function parse(path: string, text: string): ReturnType<typeof parseHistory> {
  try {
    return parseHistory(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CommandError("damaged", `${path}: ${error.message}`);
  }
}
