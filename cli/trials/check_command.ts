/**
 * `kontiki check`: checks a recorded history.
 *
 * @module
 */

import {
  checkInWorker,
  describeResult,
  isStoreHistory,
  judgeStoreHistory,
  parseHistory,
  parseStoreHistory,
} from "../../tests/checker/mod.ts";
import { timelinePage } from "../../tests/pages/mod.ts";
import {
  attempt,
  type CommandContext,
  CommandError,
  type ExitReason,
  formatCount,
  untilInterrupted,
  UsageError,
} from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";

/** Reads the file, checks the history and prints the verdict. */
export async function run(context: CommandContext<Row<"check">>): Promise<ExitReason> {
  const { options, output, args: { file: path } } = context;
  const text = await untilInterrupted(context, read(path));
  const name = path === "-" ? "standard input" : path;
  if (isStoreHistory(text)) return checkBatches(context, name, text);
  const file = parse(name, () => parseHistory(text));
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
  return endings[result.verdict];
}

const endings = { ok: "ok", illegal: "failure", unknown: "unknownOutcome" } as const;

/** A history of batches names its order, so that there is nothing to search. */
function checkBatches(
  { options, output }: CommandContext<Row<"check">>,
  name: string,
  text: string,
): ExitReason {
  if (options.timeline !== null) {
    throw new UsageError("Cannot draw a history of batches: wanted no --timeline", "check");
  }
  const result = judgeStoreHistory(parse(name, () => parseStoreHistory(text)));
  const { verdict, operations, violation } = result;
  if (output.isJson) output.json({ ...result });
  else if (violation === null) {
    output.line(`ok, strictly serializable: ${formatCount(operations)} batches`);
  } else {
    output.line(
      verdict === "illegal"
        ? "ILLEGAL, not strictly serializable:"
        : "UNKNOWN: a batch without a mark may have been executed, or not; otherwise",
    );
    output.line(violation);
  }
  return endings[verdict];
}

function read(path: string): Promise<string> {
  if (path !== "-") return attempt(`read ${path}`, () => Deno.readTextFile(path));
  return attempt("read standard input", () => new Response(Deno.stdin.readable).text());
}

function parse<History>(path: string, read: () => History): History {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CommandError("damaged", `${path}: ${error.message}`);
  }
}
