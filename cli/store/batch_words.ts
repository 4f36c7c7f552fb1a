/**
 * The result of a batch for people at a terminal. The words follow from the JSON of the batch and of
 * its result, so that a new operation needs none of its own.
 *
 * @module
 */

import { type Batch, type BatchResult, jsonOfBatch, jsonOfResult } from "../../kv/mod.ts";
import { countText } from "../table/mod.ts";

type Json = Readonly<Record<string, unknown>>;

/** One or more lines for each operation that was executed. */
export function resultLines(batch: Batch, result: BatchResult): readonly string[] {
  const { then, otherwise = [] } = jsonOfBatch(batch) as Readonly<Record<string, readonly Json[]>>;
  const { results } = jsonOfResult(result) as { readonly results: readonly Json[] };
  const operations = (result.held ? then : otherwise) ?? [];
  return results.flatMap((answer, place) => operationLines(operations[place] ?? {}, answer));
}

/** The checks that failed, as they are typed between `begin` and `commit`. */
export function failedText(batch: Batch, { failedChecks }: BatchResult): string {
  const { checks = [] } = jsonOfBatch(batch) as { readonly checks?: readonly Json[] };
  const failed = failedChecks.map((place) => checkText(checks[place] ?? {}));
  return `${countText(failed.length, "check")} failed: ${failed.join("; ")}.`;
}

function checkText(check: Json): string {
  const [[subject, name] = [], [demand, value] = []] = Object.entries(check);
  if (subject === "lock") return `lock ${shown(name)} ${shown(value)}`;
  return [shown(name), demand, ...value === true ? [] : [shown(value)]].join(" ");
}

function operationLines({ op, ...fields }: Json, { op: _, ...answer }: Json): readonly string[] {
  const subject = fields.key ?? fields.prefix ?? fields.start ?? fields.lease;
  const title = [op, ...subject === undefined ? [] : [shown(subject)]].join(" ");
  if ("entry" in answer) return [`${title}  ${entryText(answer.entry as Json | null)}`];
  const { entries, ...rest } = answer;
  const found = (entries ?? []) as readonly Json[];
  const facts = Object.entries(rest).filter(([, value]) => value !== null);
  if (entries !== undefined) facts.unshift(["keys", found.length]);
  return [
    `${title}  ${facts.map(([name, value]) => `${name} ${shown(value)}`).join(", ")}`.trimEnd(),
    ...found.map((entry) => `  ${shown(entry.key)}  ${entryText(entry)}`),
  ];
}

function entryText(entry: Json | null): string {
  if (entry === null) return "not found";
  return `${"value" in entry ? `${shown(entry.value)}  ` : ""}(version ${shown(entry.version)})`;
}

/** Text as it is, without what would move the cursor; everything else as JSON. */
function shown(value: unknown): string {
  const json = JSON.stringify(value);
  const isPlain = typeof value === "string" && !/[\\"]/.test(json.slice(1, -1));
  return isPlain ? value : json;
}
