/**
 * The random client of the store: batches of every operation on a few keys, with checks that hold and
 * checks that fail. A row of the table of operations that it does not know does not compile.
 *
 * @module
 */

import { serialize } from "node:v8";
import { endOfPrefix, isReadOnly } from "../../kv/mod.ts";
import type {
  Batch,
  Check,
  Key,
  Operation,
  OperationName,
  OperationOf,
  Result,
} from "../../kv/mod.ts";
import type { SeededRandom } from "../sim/mod.ts";
import type { Recorded } from "./store_recorder.ts";

const NO_BOUND = new Uint8Array();

/** The leases of all clients, each always with the same time to live. */
const LEASES = [{ lease: 1, ttl: 200 }, { lease: 2, ttl: 1000 }, { lease: 3, ttl: 5000 }] as const;

/** What ends soon ends so long before and after now. */
const SOON_MS = { before: 500, after: 5000 };

/** Makes one operation of each kind. */
type Makers = { readonly [Name in OperationName]: () => OperationOf<Name> };

/** What the batches are about. */
export interface RandomBatchesOptions {
  /** What all keys begin with. */
  readonly prefix: string;
  /** The number of keys. */
  readonly keys: number;
  /** Whether keys end by themselves, which the caller has to observe for the checker. */
  readonly hasEnds: boolean;
  /** The wall time of the log, for keys that end soon. @default {no key ends soon} */
  readonly wall?: () => number;
  /** Locks with the revisions at which clients took them, to check; others may add to them. */
  readonly locks?: readonly { readonly lock: Key; readonly revision: number }[];
}

/** A read at a revision goes so far back, as far as this client has seen any. */
const REVISIONS_BACK = 50;

/** Draws batches, and remembers what their results reveal. */
export class RandomBatches {
  readonly #random: SeededRandom;
  /** Draws what came later, so that older seeds keep their batches. */
  readonly #late: SeededRandom;
  readonly #prefix: string;
  readonly #keys: number;
  readonly #options: RandomBatchesOptions;
  #newest = 0;
  readonly #versions = new Map<string, number>();
  readonly #revisions = new Map<string, number>();
  #count = 0;

  /** Uses so many keys that begin with the prefix. */
  constructor(random: SeededRandom, options: RandomBatchesOptions) {
    this.#random = random;
    this.#late = random.fork("late");
    this.#prefix = options.prefix;
    this.#keys = options.keys;
    this.#options = options;
  }

  /** The next batch; every value in it is new. */
  next(): Batch {
    const random = this.#random;
    const checks = this.#some(random.pick([0, 0, 1, 2]), () => this.#check());
    const then = this.#some(random.between(1, 4), () => this.#operation());
    const otherwise = checks.length === 0
      ? []
      : this.#some(random.between(0, 2), () => this.#operation());
    const batch = { checks, then, otherwise, at: 0 };
    const isPast = isReadOnly(batch) && this.#newest > 0 && this.#late.chance(0.5);
    if (!isPast) return batch;
    return { ...batch, at: Math.max(1, this.#newest - this.#late.below(REVISIONS_BACK)) };
  }

  /** Remembers what a batch revealed. */
  learn(batch: Batch, recorded: Recorded): void {
    if (typeof recorded === "string") return;
    this.#newest = Math.max(this.#newest, recorded.revision);
    const done = recorded.held ? batch.then : batch.otherwise;
    for (const [place, operation] of done.entries()) {
      this.#learn(operation, recorded.results[place]!);
    }
  }

  #check(): Check {
    const random = this.#random;
    const { locks = [] } = this.#options;
    if (locks.length > 0 && this.#late.chance(0.2)) return this.#late.pick(locks);
    const key = this.#key();
    const revision = this.#revisions.get(key);
    const kinds: readonly (() => Check)[] = [
      () => ({ key, absent: true }),
      () => ({ key, present: true }),
      () => ({ key, version: this.#versions.get(key) ?? 0 }),
      () => revision === undefined ? { key, present: true } : { key, revision },
      () => ({ key, value: this.#value() }),
    ];
    return random.pick(kinds)();
  }

  #operation(): Operation {
    const random = this.#random;
    const key = this.#key();
    const [start, end] = [this.#key(), this.#key()].sort();
    const range = random.chance(0.5)
      ? { start: this.#prefix, end: endOfPrefix(this.#prefix) }
      : { start: start!, end: end! };
    const number = `${this.#prefix}n${random.below(2)}`;
    const amount = BigInt(random.between(0, 5));
    const makers: Makers = {
      put: () => ({ op: "put", key, value: this.#value(), ...this.#end() }),
      delete: () => ({ op: "delete", key }),
      touch: () => ({ op: "touch", key, ...this.#end() }),
      deleteRange: () => ({ op: "deleteRange", ...range, limit: random.between(1, 3) }),
      add: () => ({ op: "add", key: random.chance(0.1) ? key : number, amount, overflow: "wrap" }),
      min: () => ({ op: "min", key: number, amount }),
      max: () => ({ op: "max", key: number, amount }),
      putAtRevision: () => ({ op: "putAtRevision", prefix: this.#prefix, value: this.#value() }),
      putStamped: () => ({
        ...{ op: "putStamped", prefix: `${this.#prefix}s`, suffix: random.pick(["", "\0"]) },
        value: this.#value(),
      }),
      calculate: () => this.#calculate(),
      grant: () => ({ op: "grant", ...random.pick(LEASES) }),
      renew: () => ({ op: "renew", leases: LEASES.map(({ lease }) => lease) }),
      revoke: () => ({ op: "revoke", lease: random.pick(LEASES).lease }),
      leases: () => ({ op: "leases", from: random.between(0, 2), limit: random.between(1, 3) }),
      get: () => ({ op: "get", key: random.chance(0.2) ? number : key }),
      range: () => ({
        ...{ op: "range", ...range, limit: random.between(1, 10) },
        reverse: random.chance(0.3),
        show: random.pick(["entries", "keys"]),
      }),
      count: () => ({ op: "count", ...range }),
    };
    const weights = Object.keys(makers) as OperationName[];
    const names: readonly OperationName[] = [
      ...weights,
      "put",
      "put",
      "put",
      "grant",
      "get",
      "range",
    ];
    return makers[random.pick(names)]();
  }

  /** A sum, minimum or maximum of one of two keys, of which each holds one type of number. */
  #calculate(): OperationOf<"calculate"> {
    const random = this.#random;
    const place = random.below(2);
    const serialized = (number: number) => new Uint8Array(serialize(BigInt(number)));
    const bound = (number: number) => random.chance(0.5) ? serialized(number) : NO_BOUND;
    const common = { op: "calculate", key: `${this.#prefix}c${place}` } as const;
    if (place === 0 || random.chance(0.1)) {
      const operand = Uint8Array.of(2, random.below(10), 0, 0, 0, 0, 0, 0, random.pick([0, 255]));
      const how = random.pick(["sum", "min", "max"] as const);
      return { ...common, how, operand, lowest: NO_BOUND, highest: NO_BOUND, clamp: false };
    }
    const operand = Uint8Array.of(1, ...serialized(random.between(-9, 9)));
    const bounds = { lowest: bound(-20), highest: bound(20), clamp: random.chance(0.7) };
    return { ...common, how: "sum", operand, ...bounds };
  }

  #learn(operation: Operation, result: Result): void {
    if (result.op === "put" && operation.op === "put") {
      this.#versions.set(operation.key, result.version);
      this.#revisions.delete(operation.key);
    }
    const entries = result.op === "range" ? result.entries : [];
    const found = result.op === "get" && result.entry !== null ? [result.entry] : entries;
    for (const { key, version, revision } of found) {
      this.#versions.set(key, version);
      if (revision > 0) this.#revisions.set(key, revision);
    }
  }

  #key(): string {
    return `${this.#prefix}${this.#random.below(this.#keys)}`;
  }

  /** Some keys end with a lease, and some at a time: long ago, now, or never in this run. */
  #end(): { readonly lease?: number; readonly expires?: number } {
    const random = this.#random;
    const { hasEnds, wall } = this.#options;
    if (!hasEnds) return {};
    if (random.chance(0.1)) return { lease: random.pick(LEASES).lease };
    if (wall !== undefined && this.#late.chance(0.1)) {
      const ms = this.#late.between(-SOON_MS.before, SOON_MS.after);
      return { expires: Math.max(1, Math.floor(wall()) + ms) };
    }
    return random.chance(0.1) ? { expires: random.pick([1, 2 ** 52]) } : {};
  }

  #value(): Uint8Array {
    return new TextEncoder().encode(
      `${this.#prefix}${this.#random.below(2 ** 31)}.${this.#count++}`,
    );
  }

  #some<T>(count: number, make: () => T): T[] {
    return Array.from({ length: count }, make);
  }
}
