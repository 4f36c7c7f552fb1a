/**
 * Histories of batches as text: what clients asked and got, in the JSON of `kontiki batch`, and beside
 * it lines of `kontiki watch --json` (which keys have ended) and `kontiki list --json` (which marks are
 * there at the end). `docs/testing.md` describes the file.
 *
 * Invariant: a history that was written and read back is the same.
 *
 * @module
 */

import {
  batchOfJson,
  binaryKey,
  isReadOnly,
  jsonOfBatch,
  jsonOfKey,
  jsonOfResult,
  keyOf,
  resultOfJson,
} from "../../kv/mod.ts";
import { type Fields, readObject } from "../../net/mod.ts";
import { parseJson } from "./json_error.ts";
import type { Verdict } from "./search/mod.ts";
import { findViolation, type Mark, type StoreOperation } from "./store_history.ts";
import type { Ended } from "./store_model.ts";

/** The name of the model in a header. */
export const STORE_MODEL = "store";

/** A history of batches, and what else is known of them. */
export interface StoreHistory {
  readonly operations: readonly StoreOperation[];
  /** The marks that were there at the end. */
  readonly marks: ReadonlyMap<string, Mark>;
  /** Keys that ended by themselves, in the order of their revisions. */
  readonly endings: readonly Ended[];
}

/** The verdict on a history of batches. */
export interface StoreVerdict {
  readonly verdict: Verdict;
  readonly operations: number;
  /** What is wrong, in one sentence; `null`: nothing. */
  readonly violation: string | null;
}

/** The lines that hold something, with their numbers. */
function linesOf(text: string): { readonly line: string; readonly number: number }[] {
  return text.split("\n").flatMap((raw, place) => {
    const line = raw.trim();
    return line === "" || line.startsWith("#") ? [] : [{ line: raw, number: place + 1 }];
  });
}

/** Whether a text is a history of batches, as far as its first line says. */
export function isStoreHistory(text: string): boolean {
  const [head] = linesOf(text);
  if (head === undefined) return false;
  try {
    return readObject(parseJson(head.line), "").oneOf("model", [STORE_MODEL]) === STORE_MODEL;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Reads a history of batches; a SyntaxError names the line and the field. */
export function parseStoreHistory(text: string): StoreHistory {
  const operations: StoreOperation[] = [];
  const marks = new Map<string, Mark>();
  const endings: Ended[] = [];
  const [head, ...lines] = linesOf(text);
  const read = (number: number, line: string, take: (fields: Fields) => void): void => {
    try {
      take(readObject(parseJson(line), ""));
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
      throw new SyntaxError(`Cannot read history: line ${number}, ${error.message}`);
    }
  };
  if (head !== undefined) read(head.number, head.line, readHead);
  for (const { line, number } of lines) {
    read(number, line, (fields) => {
      if (fields.has("client")) operations.push(readOperation(fields));
      else if (fields.has("changes")) {
        const ended = readEnded(fields);
        if (ended.keys.length > 0) endings.push(ended);
      } else marks.set(keyOfJson(fields, "key"), readMark(fields));
    });
  }
  endings.sort((one, other) => one.revision - other.revision);
  return { operations, marks, endings };
}

function readHead(fields: Fields): void {
  fields.oneOf("history", [1]);
  fields.oneOf("model", [STORE_MODEL]);
  if (fields.has("title")) fields.string("title");
  fields.end();
}

function readOperation(fields: Fields): StoreOperation {
  const client = fields.integer("client");
  const call = fields.number("call");
  const end = fields.isNull("return") ? null : fields.number("return");
  if (end !== null && end < call) throw fields.error("return", `at least call (${call})`, end);
  const input = batchOfJson(fields.value("input"));
  const given = fields.value("output");
  const output = given === null || given === "invalid" ? given : resultOfJson(given);
  if (end === null && output !== null) {
    throw fields.error("output", "null, for there is no return", given);
  }
  const mark = fields.has("mark") ? keyOfJson(fields, "mark") : null;
  const isNever = fields.has("never") && fields.boolean("never");
  fields.end();
  // A client that gave up has no answer, and the batch may still be executed.
  return { client, call, return: output === null ? null : end, input, output, mark, isNever };
}

/** A line of `kontiki watch --json`, of which only the ends of keys are wanted. */
function readEnded(fields: Fields): Ended {
  const revision = fields.integer("revision");
  const keys = fields.objects("changes").flatMap((change) => {
    const kind = change.oneOf("kind", ["put", "delete", "leaseEnd", "expired"]);
    const isEnd = kind === "leaseEnd" || kind === "expired";
    return isEnd ? [{ key: keyOfJson(change, "key"), kind }] : [];
  });
  return { revision, keys };
}

/** A line of `kontiki list --json`. */
function readMark(fields: Fields): Mark {
  return { revision: fields.integer("revision"), version: fields.integer("version") };
}

function keyOfJson(fields: Fields, name: string): string {
  const value = fields.value(name);
  if (typeof value === "string") return binaryKey(value);
  const bytes = fields.object(name);
  const base64 = bytes.string("base64");
  bytes.end();
  return keyOf(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
}

/** Writes a history of batches as {@linkcode parseStoreHistory} reads it. */
export function formatStoreHistory({ operations, marks, endings }: StoreHistory): string {
  const lines: object[] = [{ history: 1, model: STORE_MODEL }];
  for (const { client, call, return: end, input, output, mark, isNever } of operations) {
    lines.push({
      ...{ client, call, return: end, input: jsonOfBatch(input) },
      output: output === null || output === "invalid" ? output : jsonOfResult(output),
      ...mark === null ? {} : { mark: jsonOfKey(mark) },
      ...isNever ? { never: true } : {},
    });
  }
  for (const { revision, keys } of endings) {
    lines.push({ revision, changes: keys.map(({ key, kind }) => ({ kind, key: jsonOfKey(key) })) });
  }
  for (const [key, mark] of marks) lines.push({ key: jsonOfKey(key), ...mark });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/**
 * Judges a history of batches. A batch that may have been executed and has no mark may have changed
 * anything: then a wrong answer proves nothing.
 */
export function judgeStoreHistory({ operations, marks, endings }: StoreHistory): StoreVerdict {
  const violation = findViolation(operations, marks, endings);
  const isUnclear = operations.some(({ input, output, mark, isNever }) => {
    return output === null && !isNever && mark === null && !isReadOnly(input);
  });
  const verdict = violation === null ? "ok" : isUnclear ? "unknown" : "illegal";
  return { verdict, operations: operations.length, violation };
}
