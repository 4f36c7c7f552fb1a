/**
 * What the operations of a batch do. Each has one function here; all see a {@linkcode Draft}, and
 * what they cannot do is thrown, so that the batch as a whole does nothing (O1).
 *
 * @module
 */

import {
  type Batch,
  type BatchResult,
  ENTRY_HEAD_BYTES,
  type FoundEntry,
  isSystemKey,
  type Key,
  type Operation,
  type OperationName,
  type OperationOf,
  type Result,
  type ResultOf,
  viewOf,
} from "../command/mod.ts";
import { type Entry, KEY_BYTES_MAX } from "../tables/mod.ts";
import { calculate } from "./numbers/mod.ts";
import { holds } from "./checks.ts";
import { hasLease, type LeaseMoment, LeaseWork } from "./lease_work.ts";
import {
  type Draft,
  type Ending,
  found,
  InvalidBatch,
  type KeyRange,
  NO_ENDING,
  sizeOf,
  written,
} from "./draft.ts";

/** What one batch may touch, and what its results may take. */
export const WORK_LIMITS = {
  /** Keys that are read, counted or changed. */
  keys: 5000,
  /** Bytes of one page of a range; a single entry may be longer. */
  pageBytes: 1024 * 1024,
  /** Bytes of all results. */
  resultBytes: 8 * 1024 * 1024,
};

const NUMBER_BYTES = 8;
const LAST_NUMBER = 2n ** 64n - 1n;

/** Executes one branch of a batch on a draft (O3). Throws {@linkcode InvalidBatch}. */
export function executeBatch(batch: Batch, draft: Draft, moment: LeaseMoment): BatchResult {
  const { revision } = moment;
  const failedChecks = batch.checks.flatMap((check, place) => {
    return holds(check, draft) ? [] : [place];
  });
  const held = failedChecks.length === 0;
  const work = new Work(draft, moment);
  const results = (held ? batch.then : batch.otherwise).map((operation, place) => {
    return work.execute(operation, place);
  });
  return { held, revision, failedChecks, results };
}

/** The operations of one batch. */
class Work {
  readonly #draft: Draft;
  readonly #revision: number;
  readonly #leases: LeaseWork;
  #keys = 0;
  #bytes = 0;

  constructor(draft: Draft, moment: LeaseMoment) {
    this.#draft = draft;
    this.#revision = moment.revision;
    this.#leases = new LeaseWork(draft, moment);
  }

  execute(operation: Operation, place: number): Result {
    switch (operation.op) {
      case "put":
        return { op: "put", version: this.#put(operation).version };
      case "delete":
        return { op: "delete", existed: this.#delete(operation.key) };
      case "touch":
        return { op: "touch", ...this.#retain(operation) };
      case "deleteRange":
        return this.#deleteRange(operation);
      case "add":
        return this.#number(operation, (now) => sum(now ?? 0n, operation));
      case "min":
        return this.#number(operation, (now) => {
          return now !== null && now < operation.amount ? now : operation.amount;
        });
      case "max":
        return this.#number(operation, (now) => {
          return now !== null && now > operation.amount ? now : operation.amount;
        });
      case "putAtRevision":
        return this.#putAtRevision(operation, place);
      case "putStamped":
        return this.#putStamped(operation);
      case "calculate":
        return this.#calculate(operation);
      case "grant":
      case "renew":
      case "revoke":
      case "leases":
        return this.#leases.execute(operation, () => this.#touch(0));
      case "get":
        return this.#get(operation);
      case "range":
        return this.#range(operation);
      case "count":
        return this.#count(operation);
      default:
        return operation satisfies never;
    }
  }

  #put({ key, value, ...ending }: OperationOf<"put">): Entry {
    return this.#write(key, value, this.#ending(ending));
  }

  /** The end that a write gives its key. */
  #ending({ expires = 0, lease = 0 }: Partial<Ending>): Ending {
    if (lease > 0 && !hasLease(this.#draft, lease)) {
      throw new InvalidBatch(`Cannot write: wanted a lease that has not ended, got ${lease}`);
    }
    return { expires, lease };
  }

  #write(key: Key, value: Uint8Array | null, { expires, lease }: Ending = NO_ENDING): Entry {
    this.#touch(0);
    const before = this.#draft.get(key);
    const entry = written(before, { key, value, revision: this.#revision, expires, lease });
    this.#draft.set(entry);
    return entry;
  }

  /** Writes a key that goes on to end when it would have ended. */
  #rewrite(key: Key, value: Uint8Array): Entry {
    const before = this.#draft.get(key);
    const isThere = before !== null && before.value !== null;
    return this.#write(key, value, isThere ? before : NO_ENDING);
  }

  #delete(key: Key): boolean {
    const before = this.#draft.get(key);
    if (before === null || before.value === null) return false;
    this.#write(key, null);
    return true;
  }

  /** Writes a key that exists with its own value. */
  #retain({ key, ...ending }: OperationOf<"touch">): { existed: boolean; version: number } {
    const end = this.#ending(ending);
    const { value = null, version = 0 } = this.#draft.get(key) ?? {};
    if (value === null) return { existed: false, version };
    return { existed: true, version: this.#write(key, value, end).version };
  }

  #deleteRange({ start, end, limit }: OperationOf<"deleteRange">): ResultOf<"deleteRange"> {
    const keys: Key[] = [];
    let next: Key | null = null;
    for (const { key } of this.#draft.scan({ start, end, reverse: false })) {
      if (keys.length === limit) {
        next = key;
        break;
      }
      keys.push(key);
    }
    for (const key of keys) this.#write(key, null);
    return { op: "deleteRange", count: keys.length, next };
  }

  #number<Name extends "add" | "min" | "max">(
    { op, key }: { readonly op: Name; readonly key: Key },
    change: (now: bigint | null) => bigint,
  ): { readonly op: Name; readonly version: number; readonly value: bigint } {
    const before = this.#draft.get(key)?.value ?? null;
    if (before !== null && before.length !== NUMBER_BYTES) {
      throw new InvalidBatch(
        `Cannot ${op}: wanted a key that holds a number of ${NUMBER_BYTES} bytes, ` +
          `got ${before.length} bytes`,
      );
    }
    const value = change(before === null ? null : viewOf(before).getBigUint64(0, true));
    const bytes = new Uint8Array(NUMBER_BYTES);
    viewOf(bytes).setBigUint64(0, value, true);
    return { op, version: this.#rewrite(key, bytes).version, value };
  }

  #putAtRevision(
    { prefix, value, ...ending }: OperationOf<"putAtRevision">,
    place: number,
  ): ResultOf<"putAtRevision"> {
    const key = prefix + `${this.#revision}`.padStart(16, "0") + `${place}`.padStart(4, "0");
    return {
      op: "putAtRevision",
      key: this.#writeMade("putAtRevision", { key, value, ...ending }).key,
    };
  }

  #putStamped(
    { prefix, suffix, value, ...ending }: OperationOf<"putStamped">,
  ): ResultOf<"putStamped"> {
    const key = `${prefix}${this.#revision.toString(16).padStart(16, "0")}0000${suffix}`;
    const { version } = this.#writeMade("putStamped", { key, value, ...ending });
    return { op: "putStamped", version };
  }

  /** Writes a key that was made here, so that nothing has checked it yet. */
  #writeMade(
    op: OperationName,
    { key, value, ...ending }: Partial<Ending> & { readonly key: Key; readonly value: Uint8Array },
  ): Entry {
    if (isSystemKey(key)) {
      throw new InvalidBatch(`Cannot ${op}: wanted a key that does not begin with 255`);
    }
    if (key.length > KEY_BYTES_MAX) {
      throw new InvalidBatch(
        `Cannot ${op}: wanted a key of at most ${KEY_BYTES_MAX} bytes, got ${key.length}`,
      );
    }
    return this.#write(key, value, this.#ending(ending));
  }

  #calculate(operation: OperationOf<"calculate">): ResultOf<"calculate"> {
    const value = calculate(this.#draft.get(operation.key)?.value ?? null, operation);
    if (typeof value === "string") throw new InvalidBatch(value);
    const { version } = this.#write(operation.key, value, this.#ending(operation));
    return { op: "calculate", version };
  }

  #get({ key }: OperationOf<"get">): ResultOf<"get"> {
    const entry = this.#draft.get(key);
    if (entry === null || entry.value === null) {
      this.#touch(1);
      return { op: "get", entry: null };
    }
    this.#touch(sizeOf(entry));
    return { op: "get", entry: found(entry, true) };
  }

  #range(operation: OperationOf<"range">): ResultOf<"range"> {
    const { limit, show, reverse } = operation;
    const entries: FoundEntry[] = [];
    let bytes = 0;
    let next: Key | null = null;
    for (const entry of this.#draft.scan(operation)) {
      const size = show === "keys" ? ENTRY_HEAD_BYTES + entry.key.length : sizeOf(entry);
      const isFull = entries.length > 0 && bytes + size > WORK_LIMITS.pageBytes;
      if (isFull || entries.length === limit) {
        // Backwards a range ends before its end, so the last key that was returned is the next end.
        next = reverse ? entries.at(-1)!.key : entry.key;
        break;
      }
      bytes += size;
      this.#touch(size);
      entries.push(found(entry, show === "entries"));
    }
    return { op: "range", entries, next };
  }

  #count({ start, end }: OperationOf<"count">): ResultOf<"count"> {
    let count = 0;
    const range: KeyRange = { start, end, reverse: false };
    for (const { key } of this.#draft.scan(range)) {
      // The batch as a whole has a limit: the rest of this range is for another one.
      if (this.#keys === WORK_LIMITS.keys) return { op: "count", count, next: key };
      this.#keys++;
      count++;
    }
    return { op: "count", count, next: null };
  }

  /** One more key, and bytes of results. */
  #touch(bytes: number): void {
    this.#bytes += bytes;
    if (++this.#keys > WORK_LIMITS.keys) {
      throw new InvalidBatch(
        `Cannot execute: wanted at most ${WORK_LIMITS.keys} keys in one batch`,
      );
    }
    if (this.#bytes <= WORK_LIMITS.resultBytes) return;
    throw new InvalidBatch(
      `Cannot execute: wanted results of at most ${WORK_LIMITS.resultBytes} bytes`,
    );
  }
}

function sum(now: bigint, { amount, overflow }: OperationOf<"add">): bigint {
  const exact = now + amount;
  if (exact <= LAST_NUMBER) return exact;
  return overflow === "clamp" ? LAST_NUMBER : BigInt.asUintN(64, exact);
}
