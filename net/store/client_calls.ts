/**
 * What all operations of a client share: its connections, its clerk, its leases, and how an operation
 * ends that is given up.
 *
 * @module
 */

import { type Batch, type BatchOutcome, type Call, Clerk, LeaseKeeper } from "../../kv/mod.ts";
import { SystemClock } from "../../raft/mod.ts";
import { clerkCall } from "./clerk_call.ts";
import { KnownNodes } from "../rpc/mod.ts";
import {
  type CommitOutcome,
  commitOutcome,
  type ConnectOptions,
  type GivenUp,
  type OperationOptions,
  type ReadOptions,
  StoreReadError,
} from "./outcomes.ts";
import type { ReadPage } from "./ranges.ts";

const TIMEOUT_MS = 10_000;

/** Limits of an operation that is under way. */
interface Limits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly stale?: number;
}

/** The calls of one client. */
export class ClientCalls {
  /** The nodes, of which there are others when members change. */
  readonly nodes: KnownNodes;
  /** Finds the leader. */
  readonly clerk: Clerk;
  /** Keeps the leases of this client. */
  readonly keeper: LeaseKeeper;
  readonly #timeoutMs: number;
  readonly #closing = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();

  /** Throws a `RangeError` if there is no address, or one that is none. */
  constructor(endpoints: readonly string[], { cluster, timeoutMs }: ConnectOptions) {
    this.#timeoutMs = timeoutMs ?? TIMEOUT_MS;
    const nodes = this.nodes = new KnownNodes(endpoints, cluster ?? null);
    const clock = new SystemClock();
    const lost = (): void => nodes.ask();
    const call: Call = (server, request, deadline, signal) => {
      nodes.used();
      const limits = { request, withinMs: deadline - clock.now(), signal, lost };
      return clerkCall(nodes.client(server), limits);
    };
    this.clerk = new Clerk({
      servers: nodes.places,
      find: (leader) => nodes.find(leader),
      call,
      clock,
      random: Math.random,
      sessions: true,
    });
    this.keeper = new LeaseKeeper({ clerk: this.clerk, clock, random: Math.random });
  }

  /** Raised when the client is closed. */
  get ending(): AbortSignal {
    return this.#closing.signal;
  }

  /** Runs an operation within its limits, until the client is closed. */
  async run<Result>(
    { timeoutMs = this.#timeoutMs, signal, stale }: ReadOptions,
    work: (limits: Limits, clerk: Clerk) => Promise<Result>,
  ): Promise<Result> {
    const either = signal === undefined ? this.ending : AbortSignal.any([this.ending, signal]);
    const limits = { timeoutMs, signal: either };
    const result = work(stale === undefined ? limits : { ...limits, stale }, this.clerk);
    this.#underWay.add(result);
    try {
      return await result;
    } finally {
      this.#underWay.delete(result);
    }
  }

  /** Why an operation without an answer was given up. */
  reason({ signal }: OperationOptions): GivenUp {
    if (this.ending.aborted) return "closed";
    return signal?.aborted ? "aborted" : "timeout";
  }

  /** Executes a batch. */
  async execute(batch: Batch, options: ReadOptions): Promise<BatchOutcome> {
    return await this.run(options, (limits, clerk) => clerk.batch(batch, limits));
  }

  /** Executes a batch; its outcome is as programs get it. */
  async commit(batch: Batch, options: ReadOptions): Promise<CommitOutcome> {
    return commitOutcome(await this.execute(batch, options), this.reason(options));
  }

  /** Reads a page at a time within the limits of one operation. */
  readPage(options: ReadOptions): ReadPage {
    return async (operation, at): Promise<BatchOutcome> => {
      const batch = { checks: [], then: [operation], otherwise: [], at };
      const done = await this.execute(batch, options);
      if (done.type !== "unavailable") return done;
      const reason = this.reason(options);
      throw new StoreReadError(reason, `Cannot read: no answer (${reason})`);
    };
  }

  /** Ends every operation under way, and closes all connections. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.keeper.stop();
    await Promise.allSettled(this.#underWay);
    this.nodes.close();
  }
}
