/**
 * The checker's model of the whole store: what a batch answers on a single copy of all keys. It knows
 * nothing of the store's code; both follow the same page.
 *
 * @module
 */

import { calculated } from "./calculated.ts";
import { keyOf } from "../../kv/tables/mod.ts";
import type { Batch, BatchResult, Check, FoundEntry, Operation, Result } from "../../kv/mod.ts";

/** What is known of a key. A deleted key has no value, and keeps its version. */
export interface StoreKey {
  readonly value: string | null;
  readonly version: number;
  readonly created: number;
  readonly revision: number;
}

/** All keys that were ever written. */
export type StoreState = ReadonlyMap<string, StoreKey>;

/** What a client got: the result, or that the batch cannot be executed as it is. */
export type StoreOutput = BatchResult | "invalid";

const LAST_NUMBER = 2n ** 64n - 1n;

/** What a single copy answers to a batch, and what it is afterwards. */
export function answer(
  state: StoreState,
  batch: Batch,
  revision: number,
): { readonly state: StoreState; readonly output: StoreOutput } {
  const keys = new Map(state);
  const failedChecks = batch.checks.flatMap((check, at) => holds(keys, check) ? [] : [at]);
  const held = failedChecks.length === 0;
  const results: Result[] = [];
  for (const [place, operation] of (held ? batch.then : batch.otherwise).entries()) {
    const result = answerOne(keys, operation, { revision, place });
    if (result === "invalid") return { state, output: "invalid" };
    results.push(result);
  }
  return { state: keys, output: { held, revision, failedChecks, results } };
}

type Keys = Map<string, StoreKey>;

function holds(keys: Keys, check: Check): boolean {
  const found = keys.get(check.key);
  const value = found?.value ?? null;
  if ("absent" in check) return value === null;
  if ("present" in check) return value !== null;
  if ("version" in check) return (found?.version ?? 0) === check.version;
  if ("revision" in check) return value !== null && found?.revision === check.revision;
  return value !== null && value === textOf(check.value);
}

interface Moment {
  readonly revision: number;
  readonly place: number;
}

/** What one operation answers; it changes the keys. */
function answerOne(keys: Keys, operation: Operation, moment: Moment): Result | "invalid" {
  switch (operation.op) {
    case "put": {
      const { op, key, value } = operation;
      return { op, version: write(keys, { key, value: textOf(value) }, moment) };
    }
    case "delete": {
      const existed = (keys.get(operation.key)?.value ?? null) !== null;
      if (existed) write(keys, { key: operation.key, value: null }, moment);
      return { op: "delete", existed };
    }
    case "deleteRange": {
      const all = within(keys, operation);
      const gone = all.slice(0, operation.limit);
      for (const key of gone) write(keys, { key, value: null }, moment);
      return { op: "deleteRange", count: gone.length, next: all[operation.limit] ?? null };
    }
    case "add":
    case "min":
    case "max":
      return answerNumber(keys, operation, moment);
    case "putAtRevision": {
      const { op, prefix, value } = operation;
      const { revision, place } = moment;
      const number = (count: number, digits: number) => `${count}`.padStart(digits, "0");
      const key = `${prefix}${number(revision, 16)}${number(place, 4)}`;
      write(keys, { key, value: textOf(value) }, moment);
      return { op, key };
    }
    case "putStamped": {
      const { op, prefix, suffix, value } = operation;
      const key = `${prefix}${moment.revision.toString(16).padStart(16, "0")}0000${suffix}`;
      return { op, version: write(keys, { key, value: textOf(value) }, moment) };
    }
    case "calculate": {
      const { op, key } = operation;
      const before = keys.get(key)?.value ?? null;
      const value = calculated(before === null ? null : bytesOf(before), operation);
      if (value === "invalid") return value;
      return { op, version: write(keys, { key, value: textOf(value) }, moment) };
    }
    case "get":
      return { op: "get", entry: entryOf(keys, operation.key, "entries") };
    case "range": {
      const { limit, reverse, show } = operation;
      const all = within(keys, operation);
      if (reverse) all.reverse();
      const found = all.slice(0, limit);
      const rest = all[limit] ?? null;
      const next = rest === null ? null : reverse ? found.at(-1)! : rest;
      return { op: "range", entries: found.map((key) => entryOf(keys, key, show)!), next };
    }
    case "count":
      return { op: "count", count: within(keys, operation).length, next: null };
    default:
      return operation satisfies never;
  }
}

function answerNumber(
  keys: Keys,
  operation: Extract<Operation, { readonly op: "add" | "min" | "max" }>,
  moment: Moment,
): Result | "invalid" {
  const { op, key, amount } = operation;
  const before = keys.get(key)?.value ?? null;
  if (before !== null && before.length !== 8) return "invalid";
  const now = before === null ? null : numberOf(before);
  let value = amount;
  if (op === "add") {
    const sum = (now ?? 0n) + amount;
    const isClamped = operation.overflow === "clamp" && sum > LAST_NUMBER;
    value = isClamped ? LAST_NUMBER : sum % (LAST_NUMBER + 1n);
  } else if (now !== null && (op === "min" ? now < amount : now > amount)) value = now;
  return { op, value, version: write(keys, { key, value: textOfNumber(value) }, moment) };
}

function write(
  keys: Keys,
  { key, value }: { readonly key: string; readonly value: string | null },
  { revision }: Moment,
): number {
  const before = keys.get(key);
  const version = (before?.version ?? 0) + 1;
  const isNew = before === undefined || before.value === null;
  keys.set(key, { value, version, revision, created: isNew ? revision : before.created });
  return version;
}

function within(
  keys: Keys,
  { start, end }: { readonly start: string; readonly end: string | null },
): string[] {
  const found = [...keys].filter(([key, { value }]) => {
    return value !== null && key >= start && (end === null || key < end);
  });
  return found.map(([key]) => key).sort();
}

function entryOf(keys: Keys, key: string, show: "entries" | "keys"): FoundEntry | null {
  const found = keys.get(key);
  if (found === undefined || found.value === null) return null;
  return {
    key,
    value: show === "keys" ? null : bytesOf(found.value),
    version: found.version,
    created: found.created,
    revision: found.revision,
  };
}

function textOf(bytes: Uint8Array): string {
  return keyOf(bytes);
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function numberOf(text: string): bigint {
  return new DataView(bytesOf(text).buffer).getBigUint64(0, true);
}

function textOfNumber(value: bigint): string {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return textOf(bytes);
}
