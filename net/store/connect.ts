/**
 * The client of a running cluster, for programs: keys, values and versions over the nodes' ports
 * for clients. It finds the leader, follows it, and connects again when it has to.
 *
 * Invariant: an operation ends by its time limit, and its outcome is never "no" when it may have
 * been executed, or may still be (C2).
 *
 * @module
 */

import { type Batch, batchOfJson, type BatchOutcome, type FoundLease } from "../../kv/mod.ts";
import { BatchBuilder, bytesOf, type KeyLike, type ValueLike } from "./batch_builder.ts";
import { ClientCalls } from "./client_calls.ts";
import { type JsonOutcome, jsonOutcome } from "./json.ts";
import type {
  ConnectOptions,
  DeleteOutcome,
  OperationOptions,
  PutOptions,
  ReadOptions,
  ReadOutcome,
  StoreEntry,
  WriteOptions,
  WriteOutcome,
} from "./outcomes.ts";
import { type Leader, Leadership, readLeader, watchLeaders } from "./election.ts";
import { beginLease, type Lease, type LeaseOptions, listLeases } from "./lease.ts";
import { acquirePlace, HeldLock, type LockOptions } from "./lock.ts";
import { countRange, type KeyRange, type ListOptions, listRange } from "./ranges.ts";
import { type WatchGroup, type WatchOptions, watchStore, type WatchTarget } from "./watch.ts";
import { deleteByBatch, putByBatch, readOutcome, writeOutcome } from "./writes.ts";

let executeOn: (
  store: StoreClient,
  batch: Batch,
  options: ReadOptions,
) => Promise<BatchOutcome>;

/**
 * Executes a batch in the store's own terms, for doors of other protocols: keys that are bytes, and
 * the outcome as the nodes gave it.
 *
 * @throws {RangeError} If it is beyond a limit.
 */
export function execute(
  store: StoreClient,
  batch: Batch,
  options: ReadOptions,
): Promise<BatchOutcome> {
  return executeOn(store, batch, options);
}

/**
 * A client of the cluster whose nodes listen for clients at these addresses (`host:port`). Nothing
 * is dialled before the first operation. One address is enough: the client learns the others from
 * it, and follows when members change. More addresses help when that node is away at the beginning.
 *
 * @example
 * ```ts
 * import { connect } from "@kontiki/kontiki";
 *
 * await using store = connect(["127.0.0.1:7411", "127.0.0.1:7412", "127.0.0.1:7413"]);
 * const written = await store.put("colour", "blue", { version: 0, timeoutMs: 500 });
 * switch (written.outcome) {
 *   case "yes":
 *     console.log("version", written.version);
 *     break;
 *   case "no":
 *     console.log("nothing was changed:", written.reason);
 *     break;
 *   case "unknown":
 *     console.log("read the key to find out");
 * }
 * ```
 * @throws {RangeError} If there is no address, or one that is none.
 */
export function connect(endpoints: readonly string[], options: ConnectOptions = {}): StoreClient {
  return new StoreClient(endpoints, options);
}

/**
 * A client of one cluster; {@linkcode connect} makes it. Any number of operations may be under way.
 *
 * @example Give up after a second, whatever happens.
 * ```ts
 * import { connect, type StoreClient } from "@kontiki/kontiki";
 *
 * async function lookUp(store: StoreClient, key: string): Promise<string | null> {
 *   const found = await store.get(key, { signal: AbortSignal.timeout(1000) });
 *   return found.outcome === "found" ? new TextDecoder().decode(found.value) : null;
 * }
 * await using store = connect(["127.0.0.1:7411"]);
 * console.log(await lookUp(store, "colour"));
 * ```
 */
export class StoreClient implements AsyncDisposable {
  static {
    executeOn = (store, batch, options) => store.#calls.execute(batch, options);
  }

  readonly #calls: ClientCalls;

  /** See {@linkcode connect}. */
  constructor(endpoints: readonly string[], options: ConnectOptions) {
    this.#calls = new ClientCalls(endpoints, options);
  }

  /**
   * Reads a key. The answer is the state of the key at a moment between the call and the return
   * (linearizable), or with `stale` of a moment at most so long before the call.
   */
  async get(key: string, options: ReadOptions = {}): Promise<ReadOutcome> {
    const result = await this.#calls.run(options, (limits, clerk) => clerk.get(key, limits));
    return readOutcome(result, this.#calls.reason(options));
  }

  /** Writes a key, at most once, in one round trip. Text is stored as UTF-8. */
  async put(key: string, value: ValueLike, options: PutOptions = {}): Promise<WriteOutcome> {
    const { version, expiresAt, lease } = options;
    if (version === undefined || expiresAt !== undefined || lease !== undefined) {
      return await putByBatch(this.batch(), { key, value }, options);
    }
    const result = await this.#calls.run(options, (limits, clerk) => {
      return clerk.put(key, bytesOf(value), { ...limits, version });
    });
    return writeOutcome(result, this.#calls.reason(options));
  }

  /** Removes a key, at most once; with a version only if the key has it. */
  async delete(key: KeyLike, options: WriteOptions = {}): Promise<DeleteOutcome> {
    return await deleteByBatch(this.batch(), key, options);
  }

  /**
   * A batch: checks and operations that happen at one revision, or not at all.
   *
   * @example Move an amount from one account to another.
   * ```ts
   * import { connect, type StoreClient } from "@kontiki/kontiki";
   *
   * async function move(store: StoreClient, amount: bigint): Promise<boolean> {
   *   const moved = await store.batch()
   *     .check("accounts/ada", { present: true })
   *     .add("accounts/ada", 2n ** 64n - amount) // wraps around: subtracts
   *     .add("accounts/bob", amount)
   *     .commit();
   *   return moved.outcome === "yes" && moved.held;
   * }
   * await using store = connect(["127.0.0.1:7411"]);
   * console.log(await move(store, 5n));
   * ```
   */
  batch(): BatchBuilder {
    return new BatchBuilder((batch, options) => this.#calls.commit(batch, options));
  }

  /**
   * The entries of a range, all at one revision, in the order of their keys. Only a page of them is in
   * memory at a time.
   *
   * @example
   * ```ts
   * import { connect } from "@kontiki/kontiki";
   *
   * await using store = connect(["127.0.0.1:7411"]);
   * for await (const { key, value } of store.list("users/")) {
   *   console.log(key, new TextDecoder().decode(value));
   * }
   * ```
   * @throws {StoreReadError} If it cannot be read to its end.
   */
  list(
    range: KeyRange = "",
    options: ListOptions & ReadOptions = {},
  ): AsyncGenerator<StoreEntry, void, void> {
    return listRange(range, options, this.#calls.readPage(options));
  }

  /**
   * The number of keys that a range has, at one revision.
   *
   * @throws {StoreReadError} If it cannot be counted to its end.
   */
  async count(
    range: KeyRange = "",
    options: Pick<ListOptions, "at" | "aged"> & ReadOptions = {},
  ): Promise<number> {
    return await countRange(range, options, this.#calls.readPage(options));
  }

  /**
   * Every change of what is watched, in order, each once: a group for each revision that changes any
   * of it. It goes on through changes of leader, and moves to another of the addresses when a node is
   * lost, cut off or too slow.
   *
   * Without `from` it begins at some moment after the first group was asked for. To miss nothing after
   * a batch of reads, watch from the revision that the batch returned.
   *
   * @example
   * ```ts
   * import { connect } from "@kontiki/kontiki";
   *
   * await using store = connect(["127.0.0.1:7411", "127.0.0.1:7412", "127.0.0.1:7413"]);
   * const signal = AbortSignal.timeout(100);
   * for await (const { revision, changes } of store.watch("jobs/", { signal })) {
   *   for (const { kind, key } of changes) console.log(revision, kind, key);
   * }
   * ```
   * @throws {WatchError} While it runs, if what comes next is gone on every node.
   */
  watch(target: WatchTarget, options: WatchOptions = {}): AsyncGenerator<WatchGroup, void, void> {
    return watchStore(this.#calls.nodes, target, { ...options, ending: this.#calls.ending });
  }

  /**
   * Begins a lease and keeps it alive in the background, until it is released or lost. Keys that are
   * put with it end when it ends.
   *
   * @throws {LeaseError} If it did not begin.
   */
  async lease(options: LeaseOptions = {}): Promise<Lease> {
    const { keeper } = this.#calls;
    const reason = () => this.#calls.reason(options);
    return await this.#calls.run(options, (limits) => {
      return beginLease(keeper, options.ttlMs, { limits, reason });
    });
  }

  /**
   * All leases of the cluster, in the order of their numbers.
   *
   * @throws {StoreReadError} If they cannot be read to their end.
   */
  leases(options: OperationOptions = {}): AsyncGenerator<FoundLease, void, void> {
    return listLeases(this.#calls.readPage(options));
  }

  /**
   * Waits for a lock, and holds it until it is given back: it goes to the next client that waits, in
   * order. A holder that dies loses it when its time to live has passed.
   *
   * @throws {LockError} If it was not acquired.
   */
  async lock(name: string, options: LockOptions = {}): Promise<HeldLock> {
    return new HeldLock(await acquirePlace(name, options, this.#calls));
  }

  /**
   * Waits until this client leads an election, and leads until it gives that up or loses it. The value
   * is what others read of the leader.
   *
   * @throws {LockError} If it was not elected.
   */
  async elect(name: string, options: LockOptions = {}): Promise<Leadership> {
    return new Leadership(await acquirePlace(name, options, this.#calls), () => this.batch());
  }

  /**
   * Reads who leads an election; `null`: nobody does.
   *
   * @throws {StoreReadError} If no node answers.
   */
  async leader(name: string, options: OperationOptions = {}): Promise<Leader | null> {
    return await readLeader(this, name, options);
  }

  /**
   * The leader of an election now, and then every change: another leader, another announcement of the
   * same one, `null` when nobody leads. Leaders that follow each other quickly may be left out.
   *
   * @example
   * ```ts
   * import { connect } from "@kontiki/kontiki";
   *
   * await using store = connect(["127.0.0.1:7411"]);
   * const signal = AbortSignal.timeout(100);
   * for await (const leader of store.leaders("scheduler", { signal })) {
   *   console.log(leader === null ? "nobody" : new TextDecoder().decode(leader.value));
   * }
   * ```
   * @throws {StoreReadError} If no node answers.
   * @throws {WatchError} If changes are gone on every node.
   */
  leaders(
    name: string,
    options: OperationOptions = {},
  ): AsyncGenerator<Leader | null, void, void> {
    return watchLeaders(this, name, options);
  }

  /**
   * Ends every operation under way with its outcome (reason `closed`) and closes all connections.
   * Operations that begin later end at once. Leases that were not released count as lost.
   */
  async close(): Promise<void> {
    await this.#calls.close();
  }

  /** Closes the client at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * A batch that came as JSON, in the form of `kontiki batch`; the outcome is JSON as well.
   *
   * @example
   * ```ts
   * import { connect } from "@kontiki/kontiki";
   *
   * await using store = connect(["127.0.0.1:7411"]);
   * console.log(await store.commitJson({ then: [{ op: "put", key: "colour", value: "blue" }] }));
   * ```
   * @throws {SyntaxError} If it is no batch; the message names the wrong field.
   * @throws {RangeError} If it is beyond a limit.
   */
  async commitJson(json: unknown, options: ReadOptions = {}): Promise<JsonOutcome> {
    const done = await this.#calls.execute(batchOfJson(json), options);
    return jsonOutcome(done, this.#calls.reason(options));
  }
}
