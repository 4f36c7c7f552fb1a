/**
 * What the store takes and answers, as JSON: the form of `kontiki batch`, `list` and `watch`.
 *
 * @module
 */

import {
  type BatchOutcome,
  endOfPrefix,
  jsonOfKey,
  jsonOfResult,
  keyBytes,
  toKey,
} from "../../kv/mod.ts";
import type { GivenUp, StoreEntry } from "./outcomes.ts";
import type { StoreChange, WatchGroup } from "./watch.ts";

/** The outcome of a batch that came as JSON. */
export type JsonOutcome =
  /** It happened, or its checks did not hold: the result, as `kontiki batch --json` prints it. */
  | {
    readonly outcome: "yes";
    readonly result: Readonly<Record<string, unknown>>;
    /** Of a batch with `stale`: the state was the newest so many milliseconds ago, or later. */
    readonly ageMs?: number;
  }
  /** Nothing was changed and nothing will be. */
  | {
    readonly outcome: "no";
    readonly reason: "invalid" | "full" | "refused" | "compacted" | "future" | GivenUp;
    readonly message: string;
  }
  /** It may have happened, or may still. */
  | { readonly outcome: "unknown"; readonly reason: GivenUp };

/** The outcome of a batch, as JSON. `reason` is why there was no answer, if there was none. */
export function jsonOutcome(done: BatchOutcome, reason: GivenUp): JsonOutcome {
  const no = (reason: (JsonOutcome & { outcome: "no" })["reason"], message: string) =>
    ({ outcome: "no", reason, message }) as const;
  switch (done.type) {
    case "done": {
      const result = jsonOfResult(done.result) as Record<string, unknown>;
      return { outcome: "yes", result, ...done.ageMs === undefined ? {} : { ageMs: done.ageMs } };
    }
    case "maybe":
      return { outcome: "unknown", reason };
    case "invalid":
      return no("invalid", done.reason);
    case "compacted":
      return no("compacted", `the oldest revision that is there is ${done.oldest}`);
    case "future":
      return no("future", `the newest revision is ${done.newest}`);
    case "unavailable":
      return no(reason, `no answer (${reason})`);
    case "full":
    case "refused":
      return no(done.type, done.type === "full" ? "the disk is full" : "the node refused it");
    default:
      return done satisfies never;
  }
}

/** A key or a value: text, or base64 where the bytes are not UTF-8. */
export type JsonBytes = string | { readonly base64: string };

/** The bytes of a value as JSON. */
export function jsonValue(bytes: Uint8Array): JsonBytes {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    let binary = "";
    for (const byte of bytes) binary += String.fromCharCode(byte);
    return { base64: btoa(binary) };
  }
}

/** The bytes of a key as JSON. */
export function jsonKey(bytes: Uint8Array): JsonBytes {
  return jsonOfKey(toKey(bytes));
}

/** The end of all keys with a prefix, as bytes; `null`: there is none. */
export function prefixEnd(prefix: Uint8Array): Uint8Array | null {
  if (prefix.length === 0) return null;
  const end = endOfPrefix(toKey(prefix));
  return end === null ? null : keyBytes(end);
}

/** An entry as JSON. */
export function jsonEntry(
  { keyBytes, value, version, created, revision, expiresAt, lease }: StoreEntry,
  { keysOnly }: { readonly keysOnly: boolean },
): Record<string, unknown> {
  return {
    key: jsonKey(keyBytes),
    ...keysOnly ? {} : { value: jsonValue(value) },
    ...{ version, created, revision },
    ...expiresAt === null ? {} : { expiresAt },
    ...lease === null ? {} : { lease },
  };
}

/** All that one revision changed, as JSON. */
export function jsonGroup(
  { revision, changes }: WatchGroup,
  how: { readonly keysOnly: boolean; readonly previous: boolean },
): Record<string, unknown> {
  const json = (change: StoreChange): Record<string, unknown> => {
    const { kind, previous } = change;
    const isPut = kind === "put";
    const entry = jsonEntry(change, { keysOnly: how.keysOnly || !isPut });
    const before = previous === null ? null : jsonEntry(previous, how);
    return { kind, ...entry, ...how.previous ? { previous: before } : {} };
  };
  return { revision, changes: changes.map(json) };
}
