/**
 * Builds a batch step by step, for programs.
 *
 * @module
 */

import {
  type Batch,
  binaryKey,
  type Check,
  type Operation,
  type OperationName,
  RANGE_KEYS_MAX,
  toKey,
} from "../../kv/mod.ts";
import type { CommitOutcome, Ending, ReadOptions } from "./outcomes.ts";
import { type KeyRange, rangeOf } from "./ranges.ts";

/** A key: text, stored as UTF-8, or bytes. */
export type KeyLike = string | Uint8Array;

/** A value: text, stored as UTF-8, or bytes. */
export type ValueLike = string | Uint8Array;

/** What a check demands of a key. */
export type Condition =
  | { readonly absent: true }
  | { readonly present: true }
  | { readonly version: number }
  | { readonly revision: number }
  | { readonly value: ValueLike };

/** Bounds of a sum: numbers that V8 serialized. */
export interface SumBounds {
  /** The lowest result. */
  readonly lowest?: Uint8Array;
  /** The highest result. */
  readonly highest?: Uint8Array;
  /** Whether a result beyond a bound becomes the bound; otherwise the batch does nothing. */
  readonly clamp?: boolean;
}

const NO_BOUND = new Uint8Array();

/**
 * Checks and operations that happen at one revision, or not at all. Every method returns the builder;
 * nothing is sent before {@linkcode BatchBuilder.commit}.
 *
 * @example
 * ```ts
 * import { connect } from "@kontiki/kontiki";
 *
 * await using store = connect(["127.0.0.1:7411"]);
 * const done = await store.batch()
 *   .check("owner", { absent: true })
 *   .put("owner", "ada").add("owners", 1n)
 *   .otherwise().get("owner")
 *   .commit();
 * if (done.outcome === "yes") console.log(done.held, done.results);
 * ```
 */
export class BatchBuilder {
  readonly #commit: (batch: Batch, options: ReadOptions) => Promise<CommitOutcome>;
  readonly #checks: Check[] = [];
  readonly #then: Operation[] = [];
  readonly #otherwise: Operation[] = [];
  #branch: Operation[] = this.#then;

  /** An empty batch; `StoreClient.batch` makes it. */
  constructor(commit: (batch: Batch, options: ReadOptions) => Promise<CommitOutcome>) {
    this.#commit = commit;
  }

  /** Demands something of a key. */
  check(key: KeyLike, condition: Condition): this {
    const demand = "value" in condition ? { value: bytesOf(condition.value) } : condition;
    this.#checks.push({ key: toKey(key), ...demand });
    return this;
  }

  /** Demands that a lock is held by the client that got this revision with it. */
  checkLock(lock: string, revision: number): this {
    this.#checks.push({ lock: toKey(lock), revision });
    return this;
  }

  /** What follows is done when a check fails, instead of what came before. */
  otherwise(): this {
    this.#branch = this.#otherwise;
    return this;
  }

  /** Writes a key, which ends by itself if an end is given, and else does not. */
  put(key: KeyLike, value: ValueLike, ending: Ending = {}): this {
    return this.#push({ op: "put", key: toKey(key), value: bytesOf(value), ...endOf(ending) });
  }

  /** Removes a key. */
  delete(key: KeyLike): this {
    return this.#push({ op: "delete", key: toKey(key) });
  }

  /** Gives a key that exists another end, or none, and leaves its value. */
  touch(key: KeyLike, ending: Ending = {}): this {
    return this.#push({ op: "touch", key: toKey(key), ...endOf(ending) });
  }

  /** Removes the first keys of a range, at most a thousand; the answer says where the rest begins. */
  deleteRange(range: KeyRange, limit: number = RANGE_KEYS_MAX): this {
    return this.#push({ op: "deleteRange", ...rangeOf(range), limit });
  }

  /** Adds to the number of 8 bytes that a key holds; a key without one has 0. */
  add(key: KeyLike, amount: bigint, overflow: "wrap" | "clamp" = "wrap"): this {
    return this.#push({ op: "add", key: toKey(key), amount, overflow });
  }

  /** Lowers the number of a key to the amount, unless it is lower. */
  min(key: KeyLike, amount: bigint): this {
    return this.#push({ op: "min", key: toKey(key), amount });
  }

  /** Raises the number of a key to the amount, unless it is higher. */
  max(key: KeyLike, amount: bigint): this {
    return this.#push({ op: "max", key: toKey(key), amount });
  }

  /** Writes a new key behind all that were made so with this prefix; the answer names it. */
  putAtRevision(prefix: string, value: ValueLike, ending: Ending = {}): this {
    const operation = { op: "putAtRevision", prefix: binaryKey(prefix) } as const;
    return this.#push({ ...operation, value: bytesOf(value), ...endOf(ending) });
  }

  /** Writes the prefix, the versionstamp of the batch as KV Connect has it, and the suffix. */
  putStamped(prefix: KeyLike, suffix: string, value: ValueLike, ending: Ending = {}): this {
    const parts = { prefix: toKey(prefix), suffix: binaryKey(suffix), value: bytesOf(value) };
    return this.#push({ op: "putStamped", ...parts, ...endOf(ending) });
  }

  /** Adds to, lowers or raises a number in one of the encodings of KV Connect (docs/connect.md). */
  calculate(
    key: KeyLike,
    how: "sum" | "min" | "max",
    operand: Uint8Array,
    { lowest = NO_BOUND, highest = NO_BOUND, clamp = false }: SumBounds = {},
  ): this {
    const numbers = { operand, lowest, highest, clamp };
    return this.#push({ op: "calculate", key: toKey(key), how, ...numbers });
  }

  /** Begins a lease that lives so many milliseconds, or renews it with this time to live. */
  grant(lease: number, ttl: number): this {
    return this.#push({ op: "grant", lease, ttl });
  }

  /** Gives leases their whole time to live again; the answer names those that have ended. */
  renew(...leases: readonly number[]): this {
    return this.#push({ op: "renew", leases });
  }

  /** Ends a lease and removes its keys. */
  revoke(lease: number): this {
    return this.#push({ op: "revoke", lease });
  }

  /** Lists leases from a number on, at most a thousand. */
  leases(from = 0, limit = 1000): this {
    return this.#push({ op: "leases", from, limit });
  }

  /** Reads a key, with the changes that come before it in the batch. */
  get(key: KeyLike): this {
    return this.#push({ op: "get", key: toKey(key) });
  }

  /** Reads the first keys of a range, with the changes that come before it in the batch. */
  range(
    range: KeyRange,
    { limit = RANGE_KEYS_MAX, reverse = false }: { limit?: number; reverse?: boolean } = {},
  ): this {
    return this.#push({ op: "range", ...rangeOf(range), limit, reverse, show: "entries" });
  }

  /** Counts the keys of a range, up to a few thousand; the answer says where the rest begins. */
  count(range: KeyRange): this {
    return this.#push({ op: "count", ...rangeOf(range) });
  }

  /**
   * Sends the batch. A batch that only reads may see an older state with `stale`; others ignore it.
   *
   * @throws {RangeError} If it is beyond a limit: 1,000 checks, 1,000 operations, 8 MiB, keys of 1 to
   * 4,096 bytes, values of 1 MiB.
   */
  commit(options: ReadOptions = {}): Promise<CommitOutcome> {
    const [checks, then, otherwise] = [this.#checks, this.#then, this.#otherwise];
    return this.#commit({ checks, then, otherwise, at: 0 }, options);
  }

  #push(operation: Operation): this {
    this.#branch.push(operation);
    return this;
  }
}

// A builder without a method for an operation of the table does not compile.
true satisfies OperationName extends keyof BatchBuilder ? true : false;

/** An end as the store takes it. */
function endOf(
  { expiresAt, lease }: Ending,
): { readonly expires?: number; readonly lease?: number } {
  return {
    ...expiresAt === undefined ? {} : { expires: Math.ceil(Number(expiresAt)) },
    ...lease === undefined ? {} : { lease },
  };
}

/** The bytes of a value. */
export function bytesOf(value: ValueLike): Uint8Array {
  return typeof value === "string" ? new TextEncoder().encode(value) : value;
}
