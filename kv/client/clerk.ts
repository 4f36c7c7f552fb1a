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

import type { NodeId } from "../../raft/mod.ts";
import {
  type Batch,
  encodeRequest,
  encodeStale,
  isIdempotent,
  isReadOnly,
  isRepeatable,
  toKey,
} from "../command/mod.ts";
import { type Definite, outcomeOf, readResult } from "./clerk_replies.ts";
import { ClerkSession } from "./clerk_session.ts";
import type {
  BatchOutcome,
  CallOptions,
  ClerkOptions,
  GetResult,
  PutOptions,
  PutResult,
  ReadOptions,
} from "./clerk_types.ts";

const DEFAULTS = {
  find: (leader: NodeId): NodeId => leader,
  sessions: false,
  attemptMs: 10_000,
  pauseMs: { min: 20, max: 200 },
  overloadPauseMs: { min: 500, max: 10_000 },
};

interface Answer {
  /** `null` when the time was up. */
  readonly reply: Definite | null;
  /** Whether another request of this operation may have been, or may still be, executed. */
  readonly isUnsure: boolean;
  /** The age of the state that was read, if it was said. */
  readonly age: { readonly ageMs?: number };
}

/** How a request is sent. */
interface SendOptions extends ReadOptions {
  readonly isOnce?: boolean;
}

/** A client of a cluster. */
export class Clerk {
  readonly #options: Required<ClerkOptions>;
  /** The server to ask first: the last that answered, or that was named as leader since. */
  #leader: NodeId;
  /** The server to ask first what any server may answer: the last that did. */
  #near: NodeId;
  /** Numbers the writes of this clerk; `null`: the next one begins a session. */
  #session: ClerkSession | null = null;
  /** Overloaded answers in a row, over all operations; halved by every other answer. */
  #refusals = 0;

  /** Makes a clerk that does not know the leader yet. */
  constructor(options: ClerkOptions) {
    this.#options = { ...DEFAULTS, ...options };
    const [first] = options.servers;
    if (first === undefined) throw new RangeError("Cannot make a clerk: wanted servers, got none");
    this.#leader = this.#near = first;
  }

  /** Reads a key: returns its state at some moment between the call and the result. */
  async get(key: string, options: ReadOptions = {}): Promise<GetResult> {
    const request = encodeRequest({ type: "get", key: toKey(key) });
    const { reply, age } = await this.#read(request, options);
    if (reply === null) return { type: "unavailable" };
    const isFound = reply.type === "value" || reply.type === "noKey";
    return isFound ? { ...reply, ...age } : { type: "refused" };
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
   * Executes a batch. With sessions exactly once, unless the time is up; without them at most once: a
   * batch that could be executed twice is not sent again after a request that may have been executed.
   */
  async batch(batch: Batch, options: ReadOptions = {}): Promise<BatchOutcome> {
    if (isReadOnly(batch)) {
      const { reply, age } = await this.#read(encodeRequest({ type: "batch", batch }), options);
      return reply?.type === "batch"
        ? { type: "done", result: reply.result, ...age }
        : outcomeOf(reply);
    }
    if (this.#options.sessions && !isIdempotent(batch)) {
      return await this.#batchOnce(batch, options);
    }
    const request = encodeRequest({ type: "batch", batch });
    const isOnce = !isRepeatable(batch);
    const { reply, isUnsure } = await this.#send(request, { ...options, isOnce });
    if (reply?.type === "batch" && (!isUnsure || reply.result.held || isIdempotent(batch))) {
      return { type: "done", result: reply.result };
    }
    // Also after a failed check: the first request may be the reason why it failed.
    if (isUnsure && !isIdempotent(batch)) return { type: "maybe" };
    return outcomeOf(reply);
  }

  /** Sends a numbered batch until its answer comes: however often it is sent, it has one (C3). */
  async #batchOnce(batch: Batch, options: CallOptions): Promise<BatchOutcome> {
    const { clock } = this.#options;
    const deadline = clock.now() + (options.timeoutMs ?? Infinity);
    const limits = () => ({ ...options, timeoutMs: deadline - clock.now() });
    // A wrong batch is refused without asking a server.
    encodeRequest({ type: "batch", batch });
    while (true) {
      const session = this.#session ??= new ClerkSession(this.#options.random);
      const taking = session.take({ clock, deadline, signal: options.signal });
      void session.beginWith(() => this.#time());
      const number = await taking;
      if (number === null) return { type: "unavailable" };
      try {
        const request = { type: "batch", batch } as const;
        const bytes = encodeRequest({ type: "numbered", number, request });
        const { reply, isUnsure } = await this.#send(bytes, limits());
        if (reply?.type === "batch") return { type: "done", result: reply.result };
        const isGone = reply?.type === "sessionGone";
        if (isGone && this.#session === session) this.#session = null;
        // The store kept the reason why a batch is invalid, but a full disk may have come later.
        if (isUnsure && reply?.type !== "invalid") return { type: "maybe" };
        if (!isGone) return outcomeOf(reply);
      } finally {
        session.end(number);
      }
    }
  }

  /** The steady time of the log; `null`: no server answered. */
  async #time(): Promise<number | null> {
    const timeoutMs = this.#options.attemptMs;
    const { reply } = await this.#send(encodeRequest({ type: "time" }), { timeoutMs });
    return reply?.type === "time" ? reply.steady : null;
  }

  /** A read that may see an older state, if the caller allows it. */
  async #read(request: Uint8Array, options: ReadOptions): Promise<Answer> {
    const { stale, timeoutMs = Infinity } = options;
    if (stale === undefined) return await this.#send(request, options);
    const deadline = this.#options.clock.now() + timeoutMs;
    const aged = encodeStale({ maxAgeMs: stale, request });
    const answer = await this.#send(aged, { ...options, anyServer: true });
    if (answer.reply?.type !== "refused") return answer;
    // A node of an older release knows no ages, and the newest state is never too old.
    const left = { timeoutMs: deadline - this.#options.clock.now() };
    return { ...await this.#send(request, { ...options, ...left }), age: { ageMs: 0 } };
  }

  async #send(
    request: Uint8Array,
    { timeoutMs = Infinity, signal, isOnce = false, anyServer = false }: SendOptions,
  ): Promise<Answer> {
    const { servers, call, clock, attemptMs, find, pauseMs, overloadPauseMs } = this.#options;
    const deadline = clock.now() + timeoutMs;
    const tried = new Set<NodeId>();
    /** The servers that named themselves in this round. */
    const again = new Set<NodeId>();
    let server = anyServer ? this.#near : this.#leader;
    let isUnsure = false;
    let pauses = 0;
    /** The oldest revision that any server of this round has. */
    let gone: Extract<Definite, { readonly type: "compacted" }> | null = null;
    while (clock.now() < deadline && !signal?.aborted) {
      const until = Math.min(deadline, clock.now() + attemptMs);
      const result = await call(server, request, until, signal);
      const { reply, age } = readResult(result);
      switch (reply?.type) {
        case "overloaded":
          await this.#pause(this.#pauseMs(overloadPauseMs, ++this.#refusals), { deadline, signal });
          // Another operation may have found the new leader while this one waited for the old one.
          if (!anyServer) server = this.#leader;
          continue;
        case undefined:
        case "unknown":
          isUnsure = true;
          if (isOnce) return { reply: null, isUnsure, age };
          break;
        case "wrongLeader":
          // It has become leader since it got the request, which it did not take before.
          if (reply.leader === null || find(reply.leader) !== server || again.has(server)) break;
          again.add(server);
          continue;
        case "compacted":
          // Each server remembers as much of the past as it has room for.
          if (gone === null || reply.oldest < gone.oldest) gone = reply;
          break;
        case "full":
          if (!isUnsure) return { reply, isUnsure, age };
          // An earlier request may still be executed: only a later answer says what became of it.
          await this.#pause(this.#pauseMs(overloadPauseMs, 1), { deadline, signal });
          continue;
        default:
          if (anyServer) this.#near = server;
          else this.#leader = server;
          this.#refusals = Math.floor(this.#refusals / 2);
          return { reply, isUnsure, age };
      }
      tried.add(server);
      const isRoundOver = servers.every((each) => tried.has(each));
      if (isRoundOver && gone !== null) return { reply: gone, isUnsure, age };
      if (isRoundOver) tried.clear();
      if (isRoundOver) again.clear();
      const leader = reply !== null && "leader" in reply ? reply.leader : null;
      const next = this.#next(server, { hint: leader === null ? null : find(leader), tried });
      if (this.#leader === server) this.#leader = next;
      server = next;
      if (isRoundOver) await this.#pause(this.#pauseMs(pauseMs, ++pauses), { deadline, signal });
    }
    return { reply: null, isUnsure, age: {} };
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
