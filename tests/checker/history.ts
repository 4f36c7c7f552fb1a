/**
 * Histories as text: one JSON value per line, described in `docs/testing.md`. Works on text, not on
 * files; the form of requests and replies depends on the model (`history_models.ts`).
 *
 * Invariant: a history that was written and read back is the same, and an error in the text is
 * reported with its line and its column or field.
 *
 * @module
 */

import { type Fields, readObject } from "../../net/mod.ts";
import { findHistoryModel, type HistoryModel } from "./history_models.ts";
import { parseJson } from "./json_error.ts";
import type { Operation, Verdict } from "./search/mod.ts";

/** An event other than an operation, such as a fault, for the timeline. */
export interface Annotation {
  readonly kind: "partition" | "crash" | "pause" | "network" | "info";
  /** In milliseconds, on the clock of the operations. */
  readonly start: number;
  /** Equal to `start` for a moment; `null` for an event that lasts until the end. */
  readonly end: number | null;
  readonly text: string;
}

/** A history and the rest of its file. */
export interface HistoryFile {
  readonly model: HistoryModel;
  readonly title: string;
  /** The verdict that the author of the file expects. */
  readonly expect: Verdict | null;
  readonly operations: readonly Operation<unknown, unknown>[];
  readonly annotations: readonly Annotation[];
}

const KINDS: readonly Annotation["kind"][] = ["partition", "crash", "pause", "network", "info"];

/** Reads a history; a SyntaxError names the line and the column or field. */
export function parseHistory(text: string): HistoryFile {
  const operations: Operation<unknown, unknown>[] = [];
  const annotations: Annotation[] = [];
  let header: Pick<HistoryFile, "model" | "title" | "expect"> | null = null;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    try {
      const fields = readObject(parseJson(raw), "");
      if (header === null) header = parseHeader(fields);
      else if (fields.has("annotation")) annotations.push(parseAnnotation(fields));
      else operations.push(parseOperation(fields, header.model));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new SyntaxError(`Cannot read history: line ${index + 1}, ${error.message}`);
    }
  }
  if (header === null) {
    throw new SyntaxError(`Cannot read history: wanted a first line with "history": 1, got none`);
  }
  return { ...header, operations, annotations };
}

/** Writes a history in the format that {@linkcode parseHistory} reads. */
export function formatHistory(
  file: Omit<HistoryFile, "model"> & { readonly model: string },
): string {
  const header = {
    history: 1,
    model: file.model,
    ...(file.title === "" ? {} : { title: file.title }),
    ...(file.expect === null ? {} : { expect: file.expect }),
  };
  const annotations = file.annotations.map(({ kind, ...rest }) => ({ annotation: kind, ...rest }));
  return [header, ...annotations, ...file.operations]
    .map((line) => `${JSON.stringify(line)}\n`).join("");
}

function parseHeader(fields: Fields): Pick<HistoryFile, "model" | "title" | "expect"> {
  fields.oneOf("history", [1]);
  const model = findHistoryModel(fields);
  const title = fields.has("title") ? fields.string("title") : "";
  const expect = fields.has("expect")
    ? fields.oneOf<Verdict>("expect", ["ok", "illegal", "unknown"])
    : null;
  fields.end();
  return { model, title, expect };
}

function parseAnnotation(fields: Fields): Annotation {
  const kind = fields.oneOf("annotation", KINDS);
  const start = fields.number("start");
  const end = fields.isNull("end") ? null : fields.number("end");
  if (end !== null && end < start) throw fields.error("end", `at least start (${start})`, end);
  const text = fields.string("text");
  fields.end();
  return { kind, start, end, text };
}

function parseOperation(fields: Fields, model: HistoryModel): Operation<unknown, unknown> {
  const client = fields.integer("client");
  const call = fields.number("call");
  const end = fields.isNull("return") ? null : fields.number("return");
  if (end !== null && end < call) throw fields.error("return", `at least call (${call})`, end);
  const input = model.readInput(fields.object("input"));
  const output = fields.isNull("output") ? null : model.readOutput(fields.object("output"), input);
  if (end === null && output !== null) {
    throw fields.error("output", "null, for there is no return", output);
  }
  fields.end();
  return { client, call, return: end, input, output };
}
