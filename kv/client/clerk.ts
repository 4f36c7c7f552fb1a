/**
 * The client: finds the leader, resends requests without an answer, and distinguishes "no" from
 * "maybe". Any number of operations may run at once; they share what one learns about the leader.
 *
 * It does not know sockets: a {@linkcode Call} carries bytes to a server, and may lose them.
 *
 * Invariants:
 * - `maybe` is the result of a put whenever one of its requests may have been, or may still be,
 *   executed, and no reply decides it; every other result is certain (rule C2).
 * - A put is executed at most once: all of its requests name the same version.
 *
 * @module
 */

import type { Clock, NodeId, Random } from "../../raft/mod.ts";
import {
  type Batch,
  type BatchResult,
  decodeReply,
  encodeRequest,
  isReadOnly,
  isRepeatable,
  type Reply,
  toKey,
} from "../command/mod.ts";

/**
 * The result of a {@linkcode Call}: a reply; `null` when there is none and the request may have
 * been executed; `unsent` when the request was not sent and never will be.
 */
export type CallResult = Uint8Array | "unsent" | null;

/**
 * Carries a request to a server, at most once, and its reply back, until a time on the clerk's
 * clock or until the signal is raised.
 */
export type Call = (
  server: NodeId,
  request: Uint8Array,
  deadline: number,
  signal?: AbortSignal,
) => Promise<CallResult>;

/** Options of a {@linkcode Clerk}. */
export interface ClerkOptions {
  /** The servers of the cluster. */
  readonly servers: readonly NodeId[];
  /** Carries requests to them. */
  readonly call: Call;
  /** The clock for deadlines and pauses. */
  readonly clock: Clock;
  /** Randomizes the pauses. */
  readonly random: Random;
  /**
   * The server that is the node with this id; `null` if none is known. Only needed where servers
   * are not numbered by the ids of the nodes.
   */
  readonly find?: (leader: NodeId) => NodeId | null;
  /**
   * How long one server may take to answer before another is asked. A server that is alive but busy
   * answers later than one that is not, and a request that is sent again makes it busier: the calls
   * find out sooner when a server is gone. @default {10000}
   */
  readonly attemptMs?: number;
  /** The first and the longest pause after no server answered. @default {20 to 200} */
  readonly pauseMs?: { readonly min: number; readonly max: number };
  /**
   * The first and the longest pause of a clerk whose server is overloaded. @default {500 to 10000}
   */
  readonly overloadPauseMs?: { readonly min: number; readonly max: number };
}

/** The result of a get. */
export type GetResult =
  | { readonly type: "value"; readonly value: Uint8Array; readonly version: number }
  | { readonly type: "noKey" }
  /** No server answered in time. */
  | { readonly type: "unavailable" }
  /** The server does not understand the request. */
  | { readonly type: "refused" };

/** The result of a put: `stored` is yes, `maybe` is unknown, all others mean it never executes. */
export type PutResult =
  /** The key has this version now. */
  | { readonly type: "stored"; readonly version: number }
  | { readonly type: "noKey" }
  /** The key had this version when the server looked; nothing was changed. */
  | { readonly type: "wrongVersion"; readonly version: number }
  /** The store has no room; nothing was changed. */
  | { readonly type: "full" }
  /** It was resent or got no answer: it is executed at most once, or not at all. */
  | { readonly type: "maybe" }
  /** No server accepted it in time. */
  | { readonly type: "unavailable" }
  /** The server does not understand the request. */
  | { readonly type: "refused" };

/** The result of a batch: `done` is yes, `maybe` is unknown, all others mean it never executes. */
export type BatchOutcome =
  /** It was executed: the checks held and `then` was done, or one failed and `otherwise` was. */
  | { readonly type: "done"; readonly result: BatchResult }
  /** The revision that was to be read is gone; this is the oldest that is there. */
  | { readonly type: "compacted"; readonly oldest: number }
  /** The revision that was to be read is not there yet; this is the newest. */
  | { readonly type: "future"; readonly newest: number }
  /** It cannot be executed as it is; nothing was changed. */
  | { readonly type: "invalid"; readonly reason: string }
  /** The store has no room; nothing was changed. */
  | { readonly type: "full" }
  /** It was sent and got no answer, or was sent again: it is executed at most once, or not at all. */
  | { readonly type: "maybe" }
  /** No server accepted it in time. */
  | { readonly type: "unavailable" }
  /** The server does not understand the request. */
  | { readonly type: "refused" };

/** Limits of one operation. */
export interface CallOptions {
  /** Time limit; without it there is none. */
  readonly timeoutMs?: number;
  /** Ends the operation at once when it is raised. */
  readonly signal?: AbortSignal;
}

/** Limits of one put. */
export interface PutOptions extends CallOptions {
  /** The version that the key must have; 0 if it must not exist. */
  readonly version: number;
}

const DEFAULTS = {
  find: (leader: NodeId): NodeId => leader,
  attemptMs: 10_000,
  pauseMs: { min: 20, max: 200 },
  overloadPauseMs: { min: 500, max: 10_000 },
};

type Definite = Exclude<Reply, { readonly type: "wrongLeader" | "unknown" | "overloaded" }>;

interface Answer {
  /** `null` when the time was up. */
  readonly reply: Definite | null;
  /** Whether another request of this operation may have been, or may still be, executed. */
  readonly isUnsure: boolean;
}

/** A client of a cluster. */
export class Clerk {
  readonly #options: Required<ClerkOptions>;
  /** The server to ask first: the last that answered, or that was named as leader since. */
  #leader: NodeId;
  /** Overloaded answers in a row, over all operations; halved by every other answer. */
  #refusals = 0;

  /** Makes a clerk that does not know the leader yet. */
  constructor(options: ClerkOptions) {
    this.#options = { ...DEFAULTS, ...options };
    const [first] = options.servers;
    if (first === undefined) throw new RangeError("Cannot make a clerk: wanted servers, got none");
    this.#leader = first;
  }

  /** Reads a key: returns its state at some moment between the call and the result. */
  async get(key: string, options: CallOptions = {}): Promise<GetResult> {
    const request = encodeRequest({ type: "get", key: toKey(key) });
    const { reply } = await this.#send(request, options);
    if (reply === null) return { type: "unavailable" };
    return reply.type === "value" || reply.type === "noKey" ? reply : { type: "refused" };
  }

  /** Writes a key if it has the given version. */
  async put(key: string, value: Uint8Array, options: PutOptions): Promise<PutResult> {
    const { version } = options;
    const request = encodeRequest({ type: "put", key: toKey(key), value, version });
    const { reply, isUnsure } = await this.#send(request, options);
    if (reply?.type === "stored") return { type: "stored", version: version + 1 };
    // Also after "no key": an earlier request may still arrive once the key exists.
    if (isUnsure) return { type: "maybe" };
    if (reply === null) return { type: "unavailable" };
    switch (reply.type) {
      case "noKey":
      case "wrongVersion":
      case "full":
        return reply;
      default:
        return { type: "refused" };
    }
  }

  /**
   * Executes a batch, at most once: one that may be executed twice is not sent again after a request
   * that may have been executed.
   */
  async batch(batch: Batch, options: CallOptions = {}): Promise<BatchOutcome> {
    const request = encodeRequest({ type: "batch", batch });
    const isOnce = !isRepeatable(batch);
    const { reply, isUnsure } = await this.#send(request, { ...options, isOnce });
    if (reply?.type === "batch" && (!isUnsure || reply.result.held || isReadOnly(batch))) {
      return { type: "done", result: reply.result };
    }
    // Also after a failed check: the first request may be the reason why it failed.
    if (isUnsure && !isReadOnly(batch)) return { type: "maybe" };
    if (reply === null) return { type: "unavailable" };
    switch (reply.type) {
      case "compacted":
      case "future":
      case "invalid":
      case "full":
        return reply;
      default:
        return { type: "refused" };
    }
  }

  async #send(
    request: Uint8Array,
    { timeoutMs = Infinity, signal, isOnce = false }: CallOptions & { readonly isOnce?: boolean },
  ): Promise<Answer> {
    const { servers, call, clock, attemptMs, find, pauseMs, overloadPauseMs } = this.#options;
    const deadline = clock.now() + timeoutMs;
    const tried = new Set<NodeId>();
    let server = this.#leader;
    let isUnsure = false;
    let pauses = 0;
    while (clock.now() < deadline && !signal?.aborted) {
      const until = Math.min(deadline, clock.now() + attemptMs);
      const result = await call(server, request, until, signal);
      const reply = readResult(result);
      switch (reply?.type) {
        case "overloaded":
          await this.#pause(this.#pauseMs(overloadPauseMs, ++this.#refusals), { deadline, signal });
          // Another operation may have found the new leader while this one waited for the old one.
          server = this.#leader;
          continue;
        case undefined:
        case "unknown":
          isUnsure = true;
          if (isOnce) return { reply: null, isUnsure };
          break;
        case "wrongLeader":
          break;
        default:
          this.#leader = server;
          this.#refusals = Math.floor(this.#refusals / 2);
          return { reply, isUnsure };
      }
      tried.add(server);
      const isRoundOver = tried.size === servers.length;
      if (isRoundOver) tried.clear();
      const leader = reply?.leader ?? null;
      const next = this.#next(server, { hint: leader === null ? null : find(leader), tried });
      if (this.#leader === server) this.#leader = next;
      server = next;
      if (isRoundOver) await this.#pause(this.#pauseMs(pauseMs, ++pauses), { deadline, signal });
    }
    return { reply: null, isUnsure };
  }

  /** The next server to ask. Each is asked once in a round, so that hints cannot form a loop. */
  #next(
    server: NodeId,
    { hint, tried }: { hint: NodeId | null; tried: ReadonlySet<NodeId> },
  ): NodeId {
    const { servers } = this.#options;
    if (hint !== null && hint !== server && servers.includes(hint) && !tried.has(hint)) return hint;
    const place = servers.indexOf(server) + 1;
    const others = [...servers.slice(place), ...servers.slice(0, place)];
    return others.find((other) => !tried.has(other)) ?? server;
  }

  /** The pause after a round: longer each time, and randomized to separate clients. */
  #pauseMs({ min, max }: { min: number; max: number }, round: number): number {
    const longest = Math.min(max, min * 2 ** (round - 1));
    return longest * (0.5 + this.#options.random() / 2);
  }

  /** Waits, but not beyond the deadline or the signal. */
  async #pause(
    ms: number,
    { deadline, signal }: { readonly deadline: number; readonly signal: AbortSignal | undefined },
  ): Promise<void> {
    const { clock } = this.#options;
    if (signal?.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const goOn = (): void => resolve();
    const timer = clock.after(Math.min(ms, Math.max(0, deadline - clock.now())), goOn);
    signal?.addEventListener("abort", goOn);
    await promise;
    signal?.removeEventListener("abort", goOn);
    timer.cancel();
  }
}

function readResult(result: CallResult): Reply | null {
  if (result === "unsent") return { type: "wrongLeader", leader: null };
  return result === null ? null : decodeReply(result);
}
