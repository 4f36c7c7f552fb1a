/**
 * The outcome of operations, for programs: every write ends as yes, no or unknown.
 *
 * @module
 */

import {
  type BatchOutcome,
  type FoundEntry,
  type FoundLease,
  type Key,
  keyBytes,
  type Result,
  textOfKey,
} from "../../kv/mod.ts";

/** Options of {@linkcode connect}. */
export interface ConnectOptions {
  /** The name of the cluster; nodes of other clusters are not asked. @default any */
  readonly cluster?: string;
  /** The time limit of operations without one of their own. @default {10_000} */
  readonly timeoutMs?: number;
}

/** Limits of one operation. */
export interface OperationOptions {
  /** When to give up. @default {ConnectOptions.timeoutMs} */
  readonly timeoutMs?: number;
  /** Gives up as soon as it is raised. */
  readonly signal?: AbortSignal;
}

/** Limits of one read. */
export interface ReadOptions extends OperationOptions {
  /**
   * How old the state that is read may be, in whole milliseconds: any node answers at once if its state
   * is known to be new enough, and reads the newest otherwise. @default {the newest}
   */
  readonly stale?: number;
}

/** Limits and condition of one write. */
export interface WriteOptions extends OperationOptions {
  /**
   * The version that the key must have; 0: it was never written. Without it the value is written over
   * any version.
   */
  readonly version?: number;
}

/** What a write says of the end of its key. */
export interface Ending {
  /** When the key ends by itself: a date, or milliseconds since 1970. @default {never} */
  readonly expiresAt?: Date | number;
  /** The lease that the key ends with. @default {none} */
  readonly lease?: number;
}

/** Limits, condition and end of one put. */
export interface PutOptions extends WriteOptions, Ending {}

/** Why an operation ended without an answer. */
export type GivenUp = "timeout" | "aborted" | "closed";

/** The outcome of a read. */
export type ReadOutcome =
  | {
    readonly outcome: "found";
    readonly value: Uint8Array;
    readonly version: number;
    /** Of a read with `stale`: the state was the newest so many milliseconds ago, or later. */
    readonly ageMs?: number;
  }
  | { readonly outcome: "absent"; readonly ageMs?: number }
  /** No majority answered in time. `refused`: the node does not understand the request. */
  | { readonly outcome: "unavailable"; readonly reason: GivenUp | "refused" };

/** The outcome of a write. */
export type WriteOutcome =
  /** The value is stored, durably, and the key has this version now. */
  | { readonly outcome: "yes"; readonly version: number }
  /** Nothing was changed and nothing will be: the key has this other version. */
  | { readonly outcome: "no"; readonly reason: "versionConflict"; readonly version: number }
  /** Nothing was changed and nothing will be. */
  | { readonly outcome: "no"; readonly reason: "absent" | "full" | "refused" | GivenUp }
  /** The value may have been stored, or may still be: read the key to find out. */
  | { readonly outcome: "unknown"; readonly reason: GivenUp };

/** The outcome of a deletion. */
export type DeleteOutcome =
  /** The key does not exist any more, durably. */
  | { readonly outcome: "yes"; readonly existed: boolean }
  /** Nothing was changed and nothing will be. */
  | { readonly outcome: "no"; readonly reason: "versionConflict" | "full" | "refused" | GivenUp }
  /** The key may have been deleted, or may still be: read it to find out. */
  | { readonly outcome: "unknown"; readonly reason: GivenUp };

/** A key with its value and all that the store knows of it. */
export interface StoreEntry {
  /** The key as text; bytes that are not UTF-8 appear as U+FFFD, and only in `keyBytes` as they are. */
  readonly key: string;
  /** The key as bytes. */
  readonly keyBytes: Uint8Array;
  /** Empty where only keys were asked for. */
  readonly value: Uint8Array;
  /** The number of writes that the key has had. It never goes back. */
  readonly version: number;
  /** The revision of the write that created the key. */
  readonly created: number;
  /** The revision of the last write. */
  readonly revision: number;
  /** When it ends by itself, in milliseconds since 1970; `null`: never. */
  readonly expiresAt: number | null;
  /** The lease that it ends with; `null`: none. */
  readonly lease: number | null;
}

/** What an operation of a batch answered. */
export type BatchAnswer =
  | { readonly op: "get"; readonly entry: StoreEntry | null }
  | { readonly op: "range"; readonly entries: readonly StoreEntry[]; readonly next: string | null }
  | { readonly op: "put" | "putStamped" | "calculate"; readonly version: number }
  | { readonly op: "delete"; readonly existed: boolean }
  | { readonly op: "touch"; readonly existed: boolean; readonly version: number }
  | { readonly op: "grant"; readonly created: boolean }
  | { readonly op: "renew"; readonly gone: readonly number[] }
  | { readonly op: "revoke"; readonly existed: boolean; readonly count: number }
  | { readonly op: "leases"; readonly leases: readonly FoundLease[]; readonly next: number }
  | { readonly op: "deleteRange" | "count"; readonly count: number; readonly next: string | null }
  | { readonly op: "add" | "min" | "max"; readonly version: number; readonly value: bigint }
  | { readonly op: "putAtRevision"; readonly key: string };

/** The outcome of a batch. */
export type CommitOutcome =
  /**
   * It happened, at one revision. `held`: all checks held and `then` was done; otherwise some failed
   * (their places are in `failedChecks`) and what follows `otherwise()` was done, or nothing.
   */
  | {
    readonly outcome: "yes";
    readonly held: boolean;
    readonly revision: number;
    readonly failedChecks: readonly number[];
    readonly results: readonly BatchAnswer[];
    /** Of a batch with `stale`: the state was the newest so many milliseconds ago, or later. */
    readonly ageMs?: number;
  }
  /** Nothing was changed and nothing will be; the message says why. */
  | { readonly outcome: "no"; readonly reason: "invalid"; readonly message: string }
  /** Nothing was changed and nothing will be. */
  | { readonly outcome: "no"; readonly reason: "full" | "refused" | GivenUp }
  /** It may have happened, or may still: read its keys to find out. */
  | { readonly outcome: "unknown"; readonly reason: GivenUp };

/**
 * Why a list or a count ended before its end.
 *
 * @example
 * ```ts
 * import { connect, StoreReadError } from "@kontiki/kontiki";
 *
 * await using store = connect(["127.0.0.1:7411"]);
 * try {
 *   console.log(await store.count("users/"));
 * } catch (error) {
 *   if (error instanceof StoreReadError) console.log("not counted:", error.reason);
 * }
 * ```
 */
export class StoreReadError extends Error {
  /** Tells it from other errors. */
  override name = "StoreReadError";
  /** `compacted`: the revision is gone; `future`: it is not there yet; else no answer. */
  readonly reason: "compacted" | "future" | "refused" | GivenUp;

  /** With a sentence for people. */
  constructor(reason: StoreReadError["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** An entry as programs get it. */
export function storeEntry(entry: FoundEntry): StoreEntry {
  const { key, value, version, created, revision } = entry;
  return {
    key: shownKey(key),
    keyBytes: keyBytes(key),
    value: value ?? EMPTY,
    version,
    created,
    revision,
    expiresAt: entry.expires ?? null,
    lease: entry.lease ?? null,
  };
}

/** The outcome of a batch, as programs get it. `reason` is why there was no answer, if there was none. */
export function commitOutcome(done: BatchOutcome, reason: GivenUp): CommitOutcome {
  switch (done.type) {
    case "done": {
      const { held, revision, failedChecks, results } = done.result;
      const answers = results.map(batchAnswer);
      const age = done.ageMs === undefined ? {} : { ageMs: done.ageMs };
      return { outcome: "yes", held, revision, failedChecks, results: answers, ...age };
    }
    case "maybe":
      return { outcome: "unknown", reason };
    case "unavailable":
      return { outcome: "no", reason };
    case "invalid":
      return { outcome: "no", reason: "invalid", message: done.reason };
    case "full":
    case "refused":
      return { outcome: "no", reason: done.type };
    case "compacted":
    case "future":
      return { outcome: "no", reason: "refused" };
    default:
      return done satisfies never;
  }
}

/** A result as programs get it. */
function batchAnswer(result: Result): BatchAnswer {
  switch (result.op) {
    case "get":
      return { op: "get", entry: result.entry === null ? null : storeEntry(result.entry) };
    case "range":
      return { ...result, entries: result.entries.map(storeEntry), next: shownEnd(result.next) };
    case "deleteRange":
    case "count":
      return { ...result, next: shownEnd(result.next) };
    case "putAtRevision":
      return { ...result, key: shownKey(result.key) };
    case "grant":
    case "renew":
    case "revoke":
    case "leases":
    case "put":
    case "putStamped":
    case "calculate":
    case "delete":
    case "touch":
    case "add":
    case "min":
    case "max":
      return result;
    default:
      return result satisfies never;
  }
}

const EMPTY = new Uint8Array(0);

function shownKey(key: Key): string {
  return textOfKey(key) ?? new TextDecoder().decode(keyBytes(key));
}

function shownEnd(key: Key | null): string | null {
  return key === null ? null : shownKey(key);
}
