/**
 * The checker's model of the whole store: what a batch answers on a single copy of all keys. It knows
 * nothing of the store's code; both follow the same page.
 *
 * @module
 */

import { calculated } from "./calculated.ts";
import { answerLease, type Copy, type StoreKey, type StoreOutput } from "./store_leases.ts";
import { keyOf } from "../../kv/tables/mod.ts";
import { leaseGivenBy } from "../../kv/mod.ts";
import type { Batch, Check, FoundEntry, Operation, OperationOf, Result } from "../../kv/mod.ts";

/** A lease: its time to live. */
export type StoreLeases = ReadonlyMap<number, number>;

/** All keys that were ever written, and all leases that have not ended as far as is known. */
export interface StoreState {
  readonly keys: ReadonlyMap<string, StoreKey>;
  readonly leases: StoreLeases;
}

/** Before the first write. */
export const EMPTY_STATE: StoreState = { keys: new Map(), leases: new Map() };

const LAST_NUMBER = 2n ** 64n - 1n;

/**
 * What a single copy answers to a batch, and what it is afterwards. When a lease without keys has ended
 * only answers show: what was `seen` decides that, and nothing else.
 */
export function answer(
  state: StoreState,
  batch: Batch,
  { revision, seen = null }: { readonly revision: number; readonly seen?: StoreOutput | null },
): { readonly state: StoreState; readonly output: StoreOutput } {
  const keys = new Map(state.keys);
  const leases = new Map(state.leases);
  const failedChecks = batch.checks.flatMap((check, at) => holds(keys, check) ? [] : [at]);
  const held = failedChecks.length === 0;
  const results: Result[] = [];
  for (const [place, operation] of (held ? batch.then : batch.otherwise).entries()) {
    const shown = seen === null || seen === "invalid" ? null : seen.results[place] ?? null;
    const result = answerOne({ keys, leases }, operation, { revision, place, shown });
    if (result === "invalid") return { state, output: "invalid" };
    results.push(result);
  }
  return { state: { keys, leases }, output: { held, revision, failedChecks, results } };
}

/** Keys that ended by themselves at one revision. */
export interface Ended {
  readonly revision: number;
  readonly keys: readonly { readonly key: string; readonly kind: "expired" | "leaseEnd" }[];
}

/** The state after keys have ended; a text says why that is wrong. */
export function endKeys(state: StoreState, { revision, keys: ended }: Ended): StoreState | string {
  const keys = new Map(state.keys);
  const leases = new Map(state.leases);
  for (const { key, kind } of ended) {
    const found = keys.get(key);
    if (found === undefined || found.value === null) return `${key} ended and was not there`;
    const { lease, expires } = found;
    if (kind === "expired" ? expires === 0 : lease === 0) return `${key} had no end (${kind})`;
    if (kind === "leaseEnd") leases.delete(lease);
    write(keys, { key, value: null }, { revision });
  }
  const left = [...keys].find(([, { value, lease }]) => {
    return value !== null && lease > 0 && !leases.has(lease);
  });
  if (left !== undefined) return `${left[0]} outlived its lease at revision ${revision}`;
  return { keys, leases };
}

type Keys = Map<string, StoreKey>;

function holds(keys: Keys, check: Check): boolean {
  if ("lock" in check) {
    const start = `lock/${check.lock.replaceAll("%", "%25").replaceAll("/", "%2F")}/`;
    const [first] = within(keys, { start, end: `${start}\xff` });
    return first !== undefined && keys.get(first)!.created === check.revision;
  }
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
  /** What the client got for this operation. */
  readonly shown: Result | null;
}

/** What one operation answers; it changes the keys. */
function answerOne(copy: Copy, operation: Operation, moment: Moment): Result | "invalid" {
  const { keys, leases } = copy;
  if (![0, ...leases.keys()].includes(leaseGivenBy(operation))) return "invalid";
  switch (operation.op) {
    case "grant":
    case "renew":
    case "revoke":
    case "leases":
      return answerLease(copy, operation, {
        seen: moment.shown,
        end: (key) => void write(keys, { key, value: null }, moment),
      });
    case "put": {
      const { op, key, value, ...end } = operation;
      return { op, version: write(keys, { key, value: textOf(value), ...end }, moment) };
    }
    case "delete": {
      const existed = (keys.get(operation.key)?.value ?? null) !== null;
      if (existed) write(keys, { key: operation.key, value: null }, moment);
      return { op: operation.op, existed };
    }
    case "touch":
      return answerTouch(keys, operation, moment);
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
      const { op, prefix, value, ...end } = operation;
      const { revision, place } = moment;
      const number = (count: number, digits: number) => `${count}`.padStart(digits, "0");
      const key = `${prefix}${number(revision, 16)}${number(place, 4)}`;
      write(keys, { key, value: textOf(value), ...end }, moment);
      return { op, key };
    }
    case "putStamped": {
      const { op, prefix, suffix, value, ...end } = operation;
      const key = `${prefix}${moment.revision.toString(16).padStart(16, "0")}0000${suffix}`;
      return { op, version: write(keys, { key, value: textOf(value), ...end }, moment) };
    }
    case "calculate": {
      const { op, key, lease = 0, expires = 0 } = operation;
      const before = keys.get(key)?.value ?? null;
      const value = calculated(before === null ? null : bytesOf(before), operation);
      if (value === "invalid") return value;
      return { op, version: write(keys, { key, value: textOf(value), lease, expires }, moment) };
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

function answerTouch(keys: Keys, operation: OperationOf<"touch">, moment: Moment): Result {
  const { op, key, ...end } = operation;
  const { value = null, version = 0 } = keys.get(key) ?? {};
  if (value === null) return { op, existed: false, version };
  return { op, existed: true, version: write(keys, { key, value, ...end }, moment) };
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
  return { op, value, version: rewrite(keys, { key, value: textOfNumber(value) }, moment) };
}

interface Write {
  readonly key: string;
  readonly value: string | null;
  readonly lease?: number;
  readonly expires?: number;
}

/** As `write`, but a key that is there goes on to end when it would have ended. */
function rewrite(keys: Keys, given: Write, moment: Pick<Moment, "revision">): number {
  const before = keys.get(given.key);
  const { lease, expires } = before === undefined || before.value === null
    ? { lease: 0, expires: 0 }
    : before;
  return write(keys, { ...given, lease, expires }, moment);
}

function write(
  keys: Keys,
  { key, value, lease = 0, expires = 0 }: Write,
  { revision }: Pick<Moment, "revision">,
): number {
  const before = keys.get(key);
  const version = (before?.version ?? 0) + 1;
  const isNew = before === undefined || before.value === null;
  const created = isNew ? revision : before.created;
  keys.set(key, { value, version, revision, created, lease, expires });
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
    ...found.lease === 0 ? {} : { lease: found.lease },
    ...found.expires === 0 ? {} : { expires: found.expires },
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
