/**
 * `kontiki batch`: checks and operations from a file or from standard input, done at one revision.
 *
 * @module
 */

import { type Batch, batchOfJson, jsonOfResult, type Result } from "../../kv/mod.ts";
import { onCluster } from "../cluster/mod.ts";
import type { Row } from "../rows/mod.ts";
import {
  attempt,
  CommandError,
  type ExitReason,
  type Session,
  type SessionContext,
  untilInterrupted,
  UsageError,
} from "../table/mod.ts";
import { failedText, resultLines } from "./batch_words.ts";
import { execute, type KeysContext } from "./keys_access.ts";

/** `kontiki batch`. */
export const { run, runIn } = onCluster<Row<"batch">>(runRead);

/** More text cannot be a batch. */
const TEXT_BYTES_MAX = 64 * 1024 * 1024;

async function runRead(
  context: SessionContext<Row<"batch">>,
  session: Session,
): Promise<ExitReason> {
  const text = await untilInterrupted(context, readText(context, session));
  return await runBatch(context, session, parseBatch(text));
}

/** Executes a batch, and prints what it answered. */
export async function runBatch(
  context: KeysContext,
  session: Session,
  batch: Batch,
): Promise<ExitReason> {
  const { output } = context;
  const result = await executeChecked(context, session, batch);
  const outcome: ExitReason = result.held ? "ok" : "versionConflict";
  if (output.isJson) {
    output.json({ outcome, ...jsonOfResult(result) });
    return outcome;
  }
  const lines = output.isTerminal ? resultLines(batch, result) : result.results.map(resultJson);
  for (const line of lines) output.line(line);
  output.note(result.held ? `Done at revision ${result.revision}.` : failedText(batch, result));
  return outcome;
}

async function executeChecked(
  context: KeysContext,
  session: Session,
  batch: Batch,
): Promise<Awaited<ReturnType<typeof execute>>> {
  try {
    return await execute(context, session, batch);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message, "batch") : error;
  }
}

function parseBatch(text: string): Batch {
  try {
    return batchOfJson(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CommandError("usage", `Cannot read the batch: ${error.message}`);
  }
}

async function readText(
  { args: { file } }: SessionContext<Row<"batch">>,
  { isShell }: Session,
): Promise<string> {
  if (file !== null && file !== "-") {
    return await attempt(`read ${file}`, () => Deno.readTextFile(file));
  }
  if (isShell) throw new UsageError("Cannot read standard input in a shell: wanted FILE", "batch");
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of Deno.stdin.readable) {
    chunks.push(chunk);
    bytes += chunk.length;
    // Not read to its end: it may have none.
    if (bytes > TEXT_BYTES_MAX) {
      throw new UsageError(
        `Cannot read the batch: wanted at most ${TEXT_BYTES_MAX} bytes`,
        "batch",
      );
    }
  }
  return await new Blob(chunks).text();
}

/** What an operation answered, as a line of JSON: a pipe needs every byte of a value. */
function resultJson(result: Result): string {
  const { results: [json] } = jsonOfResult({
    ...{ held: true, revision: 0, failedChecks: [], results: [result] },
  }) as { readonly results: readonly unknown[] };
  return JSON.stringify(json);
}
