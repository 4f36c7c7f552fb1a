/**
 * `kontiki list` and `kontiki count`: keys in order, a page at a time, all of one revision.
 *
 * @module
 */

import { binaryKey, endOfPrefix, jsonOfKey, type Key, keyBytes, toKey } from "../../kv/mod.ts";
import { countRange, listRange, type StoreEntry } from "../../net/store/mod.ts";
import { onCluster } from "../cluster/mod.ts";
import type { Row } from "../rows/mod.ts";
import {
  displayBytes,
  type ExitReason,
  formatCount,
  jsonBytes,
  type Session,
  type SessionContext,
} from "../table/mod.ts";
import { ageText, execute, type KeysContext, readFailure, readPage } from "./keys_access.ts";

/** `kontiki list`. */
export const list = onCluster<Row<"list">>(runList);

/** `kontiki count`. */
export const count = onCluster<Row<"count">>(runCount);

async function runList(
  context: SessionContext<Row<"list">>,
  session: Session,
): Promise<ExitReason> {
  const { args, options, output } = context;
  const { keysOnly, reverse, limit, revision } = options;
  const at = revision ?? 0;
  if (options.tree) return await showTree(context, session);
  let age = {};
  const aged = (ageMs: number): void => void (age = { ageMs });
  const limits = { keysOnly, reverse, limit: limit ?? Infinity, at, aged };
  const found = listRange(args.prefix ?? "", limits, readPage(context, session));
  try {
    for await (const entry of found) {
      if (output.isJson) output.json(entryJson(entry, keysOnly));
      else output.line(entryLine(context, entry));
    }
  } catch (error) {
    throw readFailure(error);
  }
  if (output.isTerminal && ageText(age) !== "") output.note(`Listed${ageText(age)}.`);
  return "ok";
}

/** An entry as a line of JSON; `kontiki import` reads it. */
export function entryJson(entry: StoreEntry, keysOnly = false): object {
  const { version, created, revision } = entry;
  const value = keysOnly ? {} : { value: jsonBytes(entry.value) };
  return { key: jsonOfKey(toKey(entry.keyBytes)), ...value, version, created, revision };
}

function entryLine(
  { options, output }: SessionContext<Row<"list">>,
  { keyBytes, value, version }: StoreEntry,
): string {
  const key = displayBytes(keyBytes);
  if (options.keysOnly) return key;
  if (!output.isTerminal) return `${key}\t${displayBytes(value)}`;
  return `${output.paint("bold", key)}  ${displayBytes(value)}  ` +
    output.paint("dim", `(version ${version})`);
}

/** One line for every name up to the next slash; what is behind a slash is passed over unread. */
async function showTree(
  context: SessionContext<Row<"list">>,
  session: Session,
): Promise<ExitReason> {
  const { args, options, output } = context;
  const prefix = binaryKey(args.prefix ?? "");
  const end = endOfPrefix(prefix);
  let at = options.revision ?? 0;
  let left = options.limit ?? Infinity;
  for (let start: Key | null = prefix; start !== null && left > 0; left--) {
    const first = await firstKey(context, session, { start, end, at });
    at = first.at;
    if (first.key === null) break;
    const slash = first.key.indexOf("/", prefix.length);
    const isFolder = slash >= 0;
    const name = isFolder ? first.key.slice(0, slash + 1) : first.key;
    const shown = displayBytes(keyBytes(name));
    if (output.isJson) output.json({ [isFolder ? "prefix" : "key"]: jsonOfKey(name) });
    else output.line(isFolder ? output.paint("blue", shown) : shown);
    start = isFolder ? endOfPrefix(name) : `${name}\0`;
  }
  return "ok";
}

async function firstKey(
  context: KeysContext,
  session: Session,
  { start, end, at }: { readonly start: Key; readonly end: Key | null; readonly at: number },
): Promise<{ readonly key: Key | null; readonly at: number }> {
  const first = { op: "range", start, end, limit: 1, reverse: false, show: "keys" } as const;
  const { results: [result], revision } = await execute(context, session, { then: [first], at });
  const key = result?.op === "range" ? result.entries[0]?.key ?? null : null;
  return { key, at: revision };
}

async function runCount(
  context: SessionContext<Row<"count">>,
  session: Session,
): Promise<ExitReason> {
  const { args, options, output } = context;
  const read = readPage(context, session);
  let age = {};
  const aged = (ageMs: number): void => void (age = { ageMs });
  const keys = await countRange(args.prefix ?? "", { at: options.revision ?? 0, aged }, read);
  if (output.isJson) output.json({ outcome: "ok", keys, ...age });
  else output.line(output.isTerminal ? `${formatCount(keys)}${ageText(age)}` : `${keys}`);
  return "ok";
}
