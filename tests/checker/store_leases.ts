/**
 * Leases in the checker's model of the store. When a lease without keys has ended only answers show, so
 * the model follows them there; a lease with keys ends where its keys end, and not before its time.
 *
 * @module
 */

import type { Batch, BatchResult, OperationOf, Result, ResultOf } from "../../kv/mod.ts";

/** What is known of a key. A deleted key has no value, and keeps its version. */
export interface StoreKey {
  readonly value: string | null;
  readonly version: number;
  readonly created: number;
  readonly revision: number;
  readonly lease: number;
  readonly expires: number;
}

/** What a client got: the result, or that the batch cannot be executed as it is. */
export type StoreOutput = BatchResult | "invalid";

/** An operation on leases. */
export type LeaseOperation = OperationOf<"grant" | "renew" | "revoke" | "leases">;

/** What the model holds, and may change. */
export interface Copy {
  readonly keys: Map<string, StoreKey>;
  /** The time to live of each lease. */
  readonly leases: Map<number, number>;
}

/** What an operation on leases answers; `end` removes a key that ends with its lease. */
export function answerLease(
  copy: Copy,
  operation: LeaseOperation,
  { seen, end }: { readonly seen: Result | null; readonly end: (key: string) => void },
): Result {
  const { leases } = copy;
  switch (operation.op) {
    case "grant": {
      const { op, lease, ttl } = operation;
      if (seen?.op === op && seen.created) forget(copy, lease);
      const created = !leases.has(lease);
      leases.set(lease, ttl);
      return { op, created };
    }
    case "renew": {
      const { op } = operation;
      for (const lease of seen?.op === op ? seen.gone : []) forget(copy, lease);
      return { op, gone: operation.leases.filter((lease) => !leases.has(lease)) };
    }
    case "revoke": {
      const { op, lease } = operation;
      if (seen?.op === op && !seen.existed) forget(copy, lease);
      const keys = keysOf(copy, lease);
      for (const key of keys) end(key);
      return { op, existed: leases.delete(lease), count: keys.length };
    }
    case "leases":
      return seen?.op === "leases" ? listed(copy, operation, seen) : NOT_SEEN;
    default:
      return operation satisfies never;
  }
}

/** Nobody compares it. */
const NOT_SEEN: Result = { op: "leases", leases: [], next: 0 };

/** A list as it was seen, if the leases in it are those of the model. */
function listed(
  copy: Copy,
  { from }: OperationOf<"leases">,
  seen: ResultOf<"leases">,
): ResultOf<"leases"> {
  const left = new Map(seen.leases.map(({ lease, left }) => [lease, left]));
  const behind = seen.next === 0 ? Infinity : seen.next;
  const inRange = [...copy.leases.keys()].filter((lease) => lease >= from && lease < behind);
  for (const lease of inRange) if (!left.has(lease)) forget(copy, lease);
  const leases = inRange.filter((lease) => copy.leases.has(lease)).sort((a, b) => a - b)
    .map((lease) => ({ lease, ttl: copy.leases.get(lease)!, left: left.get(lease) ?? -1 }));
  return { op: "leases", leases, next: seen.next };
}

/** Follows an answer that says that a lease has ended, unless it has keys that have not. */
function forget(copy: Copy, lease: number): void {
  if (keysOf(copy, lease).length === 0) copy.leases.delete(lease);
}

function keysOf({ keys }: Copy, lease: number): string[] {
  const found = [...keys].filter(([, key]) => key.value !== null && key.lease === lease);
  return found.map(([key]) => key).sort();
}

/** How much faster than the recorder's clock a server's clock may run. */
const DRIFT = 0.9;

/** When leases were renewed at the latest, as far as answers say, by the recorder's clock. */
export class Renewals {
  readonly #ttls = new Map<number, number>();
  readonly #ends = new Map<number, number>();

  /** Learns from an answer: a lease that was renewed lives at least from the call on. */
  learn(batch: Batch, output: StoreOutput | null, call: number): void {
    if (output === null || output === "invalid") return;
    for (const [place, operation] of (output.held ? batch.then : batch.otherwise).entries()) {
      const result = output.results[place];
      if (operation.op === "grant") {
        this.#ttls.set(operation.lease, operation.ttl);
        this.#renewed(operation.lease, call);
      }
      if (operation.op === "revoke") this.#ends.delete(operation.lease);
      if (operation.op !== "renew" || result?.op !== "renew") continue;
      for (const lease of operation.leases) {
        if (result.gone.includes(lease)) this.#ends.delete(lease);
        else this.#renewed(lease, call);
      }
    }
  }

  /** The time before which the lease cannot have ended. */
  endOf(lease: number): number {
    return this.#ends.get(lease) ?? -Infinity;
  }

  #renewed(lease: number, call: number): void {
    this.#ends.set(lease, call + DRIFT * (this.#ttls.get(lease) ?? 0));
  }
}
