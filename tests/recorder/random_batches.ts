/**
 * The random client of the store: batches of every operation on a few keys, with checks that hold and
 * checks that fail. A row of the table of operations that it does not know does not compile.
 *
 * @module
 */

import { endOfPrefix } from "../../kv/mod.ts";
import type { Batch, Check, Operation, OperationName, OperationOf, Result } from "../../kv/mod.ts";
import type { SeededRandom } from "../sim/mod.ts";
import type { Recorded } from "./store_recorder.ts";

/** Makes one operation of each kind. */
type Makers = { readonly [Name in OperationName]: () => OperationOf<Name> };

/** Draws batches, and remembers what their results reveal. */
export class RandomBatches {
  readonly #random: SeededRandom;
  readonly #prefix: string;
  readonly #keys: number;
  readonly #versions = new Map<string, number>();
  readonly #revisions = new Map<string, number>();
  #count = 0;

  /** Uses so many keys that begin with the prefix. */
  constructor(random: SeededRandom, { prefix, keys }: { prefix: string; keys: number }) {
    this.#random = random;
    this.#prefix = prefix;
    this.#keys = keys;
  }

  /** The next batch; every value in it is new. */
  next(): Batch {
    const random = this.#random;
    const checks = this.#some(random.pick([0, 0, 1, 2]), () => this.#check());
    const then = this.#some(random.between(1, 4), () => this.#operation());
    const otherwise = checks.length === 0
      ? []
      : this.#some(random.between(0, 2), () => this.#operation());
    return { checks, then, otherwise, at: 0 };
  }

  /** Remembers what a batch revealed. */
  learn(batch: Batch, recorded: Recorded): void {
    if (typeof recorded === "string") return;
    const done = recorded.held ? batch.then : batch.otherwise;
    for (const [place, operation] of done.entries()) {
      this.#learn(operation, recorded.results[place]!);
    }
  }

  #check(): Check {
    const random = this.#random;
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
      put: () => ({ op: "put", key, value: this.#value() }),
      delete: () => ({ op: "delete", key }),
      deleteRange: () => ({ op: "deleteRange", ...range, limit: random.between(1, 3) }),
      add: () => ({ op: "add", key: random.chance(0.1) ? key : number, amount, overflow: "wrap" }),
      min: () => ({ op: "min", key: number, amount }),
      max: () => ({ op: "max", key: number, amount }),
      putAtRevision: () => ({ op: "putAtRevision", prefix: this.#prefix, value: this.#value() }),
      get: () => ({ op: "get", key: random.chance(0.2) ? number : key }),
      range: () => ({
        ...{ op: "range", ...range, limit: random.between(1, 10) },
        reverse: random.chance(0.3),
        show: random.pick(["entries", "keys"]),
      }),
      count: () => ({ op: "count", ...range }),
    };
    const weights = Object.keys(makers) as OperationName[];
    const names: readonly OperationName[] = [...weights, "put", "put", "put", "get", "range"];
    return makers[random.pick(names)]();
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

  #value(): Uint8Array {
    return new TextEncoder().encode(
      `${this.#prefix}${this.#random.below(2 ** 31)}.${this.#count++}`,
    );
  }

  #some<T>(count: number, make: () => T): T[] {
    return Array.from({ length: count }, make);
  }
}
