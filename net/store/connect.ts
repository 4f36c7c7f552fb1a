/**
 * The client of a running cluster, for programs: keys, values and versions over the nodes' ports
 * for clients. It finds the leader, follows it, and connects again when it has to.
 *
 * Invariant: an operation ends by its time limit, and its outcome is never "no" when it may have
 * been executed, or may still be (C2).
 *
 * @module
 */

import { type Batch, batchOfJson, type BatchOutcome, type Call, Clerk } from "../../kv/mod.ts";
import { type NodeId, SystemClock } from "../../raft/mod.ts";
import { RpcClient } from "../rpc/mod.ts";
import { parseAddress } from "../wire/mod.ts";
import { BatchBuilder, bytesOf, type KeyLike, type ValueLike } from "./batch_builder.ts";
import { clerkCall } from "./clerk_call.ts";
import { type JsonOutcome, jsonOutcome } from "./json.ts";
import {
  type CommitOutcome,
  commitOutcome,
  type ConnectOptions,
  type DeleteOutcome,
  type GivenUp,
  type OperationOptions,
  type PutOptions,
  type ReadOutcome,
  type StoreEntry,
  StoreReadError,
  type WriteOptions,
  type WriteOutcome,
} from "./outcomes.ts";
import { acquireLock, type HeldLock, type LockOptions } from "./lock.ts";
import { countRange, type KeyRange, type ListOptions, listRange, type ReadPage } from "./ranges.ts";
import { type WatchGroup, type WatchOptions, watchStore, type WatchTarget } from "./watch.ts";
import { deleteByBatch, putByBatch, readOutcome, writeOutcome } from "./writes.ts";

const TIMEOUT_MS = 10_000;

let executeOn: (
  store: StoreClient,
  batch: Batch,
  options: OperationOptions,
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
  options: OperationOptions,
): Promise<BatchOutcome> {
  return executeOn(store, batch, options);
}

/**
 * A client of the cluster whose nodes listen for clients at these addresses (`host:port`). Nothing
 * is dialled before the first operation, and any of the addresses is enough as long as the leader's
 * is among them.
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
    executeOn = (store, batch, options) => store.#execute(batch, options);
  }

  readonly #servers: readonly RpcClient[];
  readonly #clerk: Clerk;
  readonly #timeoutMs: number;
  readonly #closing = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();

  /** See {@linkcode connect}. */
  constructor(endpoints: readonly string[], { cluster, timeoutMs }: ConnectOptions) {
    if (endpoints.length === 0) throw new RangeError("Cannot connect: wanted addresses, got none");
    this.#timeoutMs = timeoutMs ?? TIMEOUT_MS;
    this.#servers = endpoints.map((endpoint) => {
      const server = parseAddress(endpoint);
      if (server !== null) return new RpcClient({ server, cluster: cluster ?? null });
      throw new RangeError(`Cannot connect: wanted HOST:PORT, got "${endpoint}"`);
    });
    const clock = new SystemClock();
    const call: Call = (server, request, deadline, signal) =>
      clerkCall(this.#servers[server]!, { request, withinMs: deadline - clock.now(), signal });
    this.#clerk = new Clerk({
      servers: this.#servers.map((_, place) => place),
      find: (leader) => this.#find(leader),
      call,
      clock,
      random: Math.random,
      sessions: true,
    });
  }

  /**
   * Reads a key. The answer is the state of the key at a moment between the call and the return
   * (linearizable).
   */
  async get(key: string, options: OperationOptions = {}): Promise<ReadOutcome> {
    const result = await this.#run(options, (limits) => this.#clerk.get(key, limits));
    return readOutcome(result, this.#reason(options));
  }

  /** Writes a key, at most once, in one round trip. Text is stored as UTF-8. */
  async put(key: string, value: ValueLike, options: PutOptions = {}): Promise<WriteOutcome> {
    const { version, expiresAt, lease } = options;
    if (version === undefined || expiresAt !== undefined || lease !== undefined) {
      return await putByBatch(this.batch(), { key, value }, options);
    }
    const put = (limits: OperationOptions) =>
      this.#clerk.put(key, bytesOf(value), { ...limits, version });
    const result = await this.#run(options, put);
    return writeOutcome(result, this.#reason(options));
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
    return new BatchBuilder((batch, options) => this.#commit(batch, options));
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
    options: ListOptions & OperationOptions = {},
  ): AsyncGenerator<StoreEntry, void, void> {
    return listRange(range, options, this.#readPage(options));
  }

  /**
   * The number of keys that a range has, at one revision.
   *
   * @throws {StoreReadError} If it cannot be counted to its end.
   */
  async count(
    range: KeyRange = "",
    options: Pick<ListOptions, "at"> & OperationOptions = {},
  ): Promise<number> {
    return await countRange(range, options.at ?? 0, this.#readPage(options));
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
    return watchStore(this.#servers, target, { ...options, ending: this.#closing.signal });
  }

  /**
   * Waits for a lock, and holds it until it is given back: it goes to the next client that waits, in
   * order. A holder that dies loses it when its time to live has passed.
   *
   * @throws {LockError} If it was not acquired.
   */
  async lock(name: string, options: LockOptions = {}): Promise<HeldLock> {
    const [clerk, servers, ending] = [this.#clerk, this.#servers, this.#closing.signal];
    return await acquireLock(name, options, { clerk, servers, ending });
  }

  /**
   * Ends every operation under way with its outcome (reason `closed`) and closes all connections.
   * Operations that begin later end at once.
   */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#underWay);
    for (const server of this.#servers) server.close();
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
  async commitJson(json: unknown, options: OperationOptions = {}): Promise<JsonOutcome> {
    const done = await this.#execute(batchOfJson(json), options);
    return jsonOutcome(done, this.#reason(options));
  }

  async #commit(batch: Batch, options: OperationOptions): Promise<CommitOutcome> {
    return commitOutcome(await this.#execute(batch, options), this.#reason(options));
  }

  async #execute(batch: Batch, options: OperationOptions): Promise<BatchOutcome> {
    return await this.#run(options, (limits) => this.#clerk.batch(batch, limits));
  }

  #readPage(options: OperationOptions): ReadPage {
    return async (operation, at): Promise<BatchOutcome> => {
      const batch = { checks: [], then: [operation], otherwise: [], at };
      const done = await this.#execute(batch, options);
      if (done.type !== "unavailable") return done;
      const reason = this.#reason(options);
      throw new StoreReadError(reason, `Cannot read: no answer (${reason})`);
    };
  }

  async #run<Result>(
    { timeoutMs = this.#timeoutMs, signal }: OperationOptions,
    work: (limits: { timeoutMs: number; signal: AbortSignal }) => Promise<Result>,
  ): Promise<Result> {
    const ending = this.#closing.signal;
    const either = signal === undefined ? ending : AbortSignal.any([ending, signal]);
    const result = work({ timeoutMs, signal: either });
    this.#underWay.add(result);
    try {
      return await result;
    } finally {
      this.#underWay.delete(result);
    }
  }

  #reason({ signal }: OperationOptions): GivenUp {
    if (this.#closing.signal.aborted) return "closed";
    return signal?.aborted ? "aborted" : "timeout";
  }

  /** The address at which the node of this id answered. */
  #find(leader: NodeId): number | null {
    const place = this.#servers.findIndex(({ server }) => server?.id === leader);
    return place < 0 ? null : place;
  }
}
