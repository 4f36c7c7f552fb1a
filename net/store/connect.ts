/**
 * The client of a running cluster, for programs: keys, values and versions over the nodes' ports
 * for clients. It finds the leader, follows it, and connects again when it has to.
 *
 * Invariant: an operation ends by its time limit, and its outcome is never "no" when it may have
 * been executed, or may still be (C2).
 *
 * @module
 */

import { type Call, Clerk } from "../../kv/mod.ts";
import { type NodeId, SystemClock } from "../../raft/mod.ts";
import { RpcClient } from "../rpc/mod.ts";
import { parseAddress } from "../wire/mod.ts";
import { clerkCall } from "./clerk_call.ts";

/** Options of {@linkcode connect}. */
export interface ConnectOptions {
  /** The name of the cluster; nodes of other clusters are not asked. @default any */
  readonly cluster?: string;
  /** The time limit of operations without one of their own. @default {10_000} */
  readonly timeoutMs?: number;
}

/** Limits of one operation. */
export interface OperationOptions {
  /**
   * The time after which the operation ends without an answer. @default {ConnectOptions.timeoutMs}
   */
  readonly timeoutMs?: number;
  /** Ends the operation when it is raised. */
  readonly signal?: AbortSignal;
}

/** Limits and condition of one write. */
export interface WriteOptions extends OperationOptions {
  /**
   * The version that the key must have; 0: the key must not exist. Without it the value is written
   * over any version, but never over one that this client did not see.
   */
  readonly version?: number;
}

/** Why an operation ended without an answer. */
export type GivenUp = "timeout" | "aborted" | "closed";

/** The outcome of a read. */
export type ReadOutcome =
  | { readonly outcome: "found"; readonly value: Uint8Array; readonly version: number }
  | { readonly outcome: "absent" }
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

const TIMEOUT_MS = 10_000;

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
    });
  }

  /**
   * Reads a key. The answer is the state of the key at a moment between the call and the return
   * (linearizable).
   */
  async get(key: string, options: OperationOptions = {}): Promise<ReadOutcome> {
    const result = await this.#run(options, (limits) => this.#clerk.get(key, limits));
    switch (result.type) {
      case "value":
        return { outcome: "found", value: result.value, version: result.version };
      case "noKey":
        return { outcome: "absent" };
      case "unavailable":
        return { outcome: "unavailable", reason: this.#reason(options) };
      case "refused":
        return { outcome: "unavailable", reason: "refused" };
    }
  }

  /** Writes a key, at most once. Text is stored as UTF-8. */
  async put(
    key: string,
    value: Uint8Array | string,
    options: WriteOptions = {},
  ): Promise<WriteOutcome> {
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
    if (options.version !== undefined) {
      return await this.#put(key, bytes, { ...options, version: options.version });
    }
    const deadline = performance.now() + (options.timeoutMs ?? this.#timeoutMs);
    while (true) {
      const left = { ...options, timeoutMs: deadline - performance.now() };
      const seen = await this.get(key, left);
      if (seen.outcome === "unavailable") return { outcome: "no", reason: seen.reason };
      const version = seen.outcome === "found" ? seen.version : 0;
      const rest = { ...options, version, timeoutMs: deadline - performance.now() };
      const written = await this.#put(key, bytes, rest);
      // Another client was faster. Nothing was changed, so it is safe to read the key again.
      if (written.outcome !== "no" || written.reason !== "versionConflict") return written;
    }
  }

  async #put(
    key: string,
    value: Uint8Array,
    options: WriteOptions & { readonly version: number },
  ): Promise<WriteOutcome> {
    const { version } = options;
    const put = (limits: OperationOptions) => this.#clerk.put(key, value, { ...limits, version });
    const result = await this.#run(options, put);
    switch (result.type) {
      case "stored":
        return { outcome: "yes", version: result.version };
      case "wrongVersion":
        return { outcome: "no", reason: "versionConflict", version: result.version };
      case "noKey":
        return { outcome: "no", reason: "absent" };
      case "full":
      case "refused":
        return { outcome: "no", reason: result.type };
      case "unavailable":
        return { outcome: "no", reason: this.#reason(options) };
      case "maybe":
        return { outcome: "unknown", reason: this.#reason(options) };
      default:
        return result satisfies never;
    }
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
