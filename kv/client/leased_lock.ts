/**
 * A lock on a lease: a queue of keys in the order of their revisions, each bound to the lease of its
 * client. The first one holds the lock; each waits only for its predecessor. A client
 * that dies leaves the queue when its lease ends.
 *
 * The revision at which a client took its place is its fencing token: a batch with the check
 * `{ lock, revision }` changes nothing once the lock is lost (C4).
 *
 * Invariant: while {@linkcode LeasedLock.sureUntil} has not come, the lease lives: its time counts from
 * before its renewal was sent.
 *
 * @module
 */

import type { Clock, Random, Timer } from "../../raft/mod.ts";
import {
  type Batch,
  type BatchResult,
  endOfPrefix,
  type Key,
  type Operation,
  queueOfLock,
  toKey,
} from "../command/mod.ts";
import { rangeOfKey, type WatchQuery } from "../watch/mod.ts";
import type { Clerk } from "./clerk.ts";
import type { CallOptions } from "./clerk_types.ts";
import type { AcquireResult } from "./lock.ts";
import type { WatchNext } from "./watcher.ts";

/** Options of a {@linkcode LeasedLock}. */
export interface LeasedLockOptions {
  /** Sends batches; with sessions, or a lost answer costs the place in the queue. */
  readonly clerk: Pick<Clerk, "batch">;
  /** Paces renewals. */
  readonly clock: Pick<Clock, "now" | "after">;
  /** Draws the number of the lease. */
  readonly random: Random;
  /** Watches the key that is waited for. */
  readonly watch: (query: WatchQuery) => { next(): Promise<WatchNext>; close(): void };
  /** The name of the lock. */
  readonly name: string;
  /** Others get the lock so long after its holder has died. */
  readonly ttlMs: number;
  /** What others can read of the client: the value of its key in the queue. */
  readonly value?: Uint8Array;
}

/** Limits of one acquisition. */
export interface AcquireOptions extends CallOptions {
  /** Gives up when no server has answered for so long. @default {Infinity} */
  readonly silenceMs?: number;
}

/** A waiting client looks so often itself, besides its watch. */
const LOOK_MS = 5000;

/** How long leaving the queue may take when the time is up. */
const LEAVE_MS = 1000;

/** The place of a client in the queue: the key before its own (`null`: its own is first), at a revision. */
interface Place {
  readonly before: Key | null;
  readonly revision: number;
}

/** Mutual exclusion among clients that may die. */
export class LeasedLock {
  readonly #options: LeasedLockOptions;
  readonly #name: Key;
  readonly #queue: Key;
  /** 0: no lease may be there. */
  #lease = 0;
  /** The key in the queue; `null`: none is known. */
  #key: Key | null = null;
  #token = 0;
  #sureUntil = -Infinity;
  #timer: Timer | null = null;

  /** Makes a lock that this client does not hold. */
  constructor(options: LeasedLockOptions) {
    this.#options = options;
    this.#name = toKey(options.name);
    this.#queue = queueOfLock(this.#name);
  }

  /** The place in the queue lives until this time of the clock at least. */
  get sureUntil(): number {
    return this.#sureUntil;
  }

  /** The key in the queue, and its lease, of a lock that was acquired. */
  get place(): { readonly key: Key; readonly lease: number } {
    return { key: this.#key ?? "", lease: this.#lease };
  }

  /** Waits until this client holds the lock, or the time is up. */
  async acquire(
    { timeoutMs = Infinity, silenceMs = Infinity, signal }: AcquireOptions = {},
  ): Promise<AcquireResult> {
    const { clock } = this.#options;
    const deadline = clock.now() + timeoutMs;
    let answered: number | null = null;
    let silentSince = clock.now();
    while (signal?.aborted !== true) {
      const left = Math.min(deadline, silentSince + silenceMs) - clock.now();
      if (left <= 0) break;
      const limits = { timeoutMs: left, ...signal === undefined ? {} : { signal } };
      const place = this.#key === null ? await this.#enqueue(limits) : await this.#look(limits);
      if (place === null) continue;
      answered = silentSince = clock.now();
      if (place === "gone") continue;
      if (place.before === null) return { type: "held", token: this.#token };
      await this.#untilGone(place.before, { place, until: deadline, signal });
      silentSince = clock.now();
    }
    const mayStand = this.#lease !== 0;
    const hasLeft = await this.release({ timeoutMs: LEAVE_MS });
    if (!hasLeft && mayStand) return { type: "unknown" };
    return { type: answered === null ? "unavailable" : "busy" };
  }

  /**
   * Whether this client holds the lock now, which renews its lease; `null`: no answer in time. False is
   * final.
   */
  async isHeld(options: CallOptions = {}): Promise<boolean | null> {
    if (this.#key === null) return false;
    const place = await this.#look(options);
    return place === null ? null : place !== "gone" && place.before === null;
  }

  /**
   * Leaves the queue, at its head or elsewhere. Returns false if the time was up before that was
   * certain: then the lease ends by itself.
   */
  async release({ timeoutMs = Infinity, signal }: CallOptions = {}): Promise<boolean> {
    const { clock } = this.#options;
    this.#timer?.cancel();
    // A renewal that is under way must not begin the next one: no other client would get the lock again.
    this.#key = null;
    this.#sureUntil = -Infinity;
    const lease = this.#lease;
    const deadline = clock.now() + timeoutMs;
    while (lease !== 0 && clock.now() < deadline && signal?.aborted !== true) {
      const limits = { timeoutMs: deadline - clock.now() };
      const done = await this.#run([{ op: "revoke", lease }], limits);
      if (done === null || done === "never") continue;
      this.#lease = 0;
      return true;
    }
    return lease === 0;
  }

  /** Takes a place at the end of the queue, with a new lease. */
  async #enqueue(limits: CallOptions): Promise<Place | "gone" | null> {
    const { clock, random, ttlMs, value = new Uint8Array(0) } = this.#options;
    const abandoned = this.#lease;
    const lease = this.#lease = 1 + Math.floor(random() * 2 ** 52);
    const sent = clock.now();
    const done = await this.#run([
      ...abandoned === 0 ? [] : [{ op: "revoke", lease: abandoned } as const],
      { op: "grant", lease, ttl: ttlMs },
      { op: "putAtRevision", prefix: this.#queue, value, lease },
      {
        ...{ op: "range", start: this.#queue, end: endOfPrefix(this.#queue), limit: 1 },
        ...{ reverse: false, show: "keys" },
      },
    ], limits);
    // The batch that was never executed has neither granted nor revoked a lease.
    if (done === "never") this.#lease = abandoned;
    if (done === null || done === "never") return null;
    const [made, first] = done.results.slice(-2);
    if (made?.op !== "putAtRevision" || first?.op !== "range") return null;
    this.#key = made.key;
    this.#token = done.revision;
    this.#sureUntil = sent + ttlMs;
    this.#keepLater();
    // Not the head is waited for, or a release would wake all clients: only the key before this one.
    if (first.entries[0]?.key !== made.key) return await this.#look(limits);
    return { before: null, revision: done.revision };
  }

  /** Renews the lease, and looks for the predecessor in the queue. */
  async #look(limits: CallOptions): Promise<Place | "gone" | null> {
    const { clock, ttlMs } = this.#options;
    const key = this.#key!;
    const sent = clock.now();
    const range = { op: "range", start: this.#queue, end: key, limit: 1 } as const;
    const done = await this.#run([
      { op: "renew", leases: [this.#lease] },
      { op: "get", key },
      { ...range, reverse: true, show: "keys" },
    ], limits);
    if (done === null || done === "never") return null;
    const [renewed, mine, before] = done.results;
    if (renewed?.op !== "renew" || mine?.op !== "get" || before?.op !== "range") return null;
    if (renewed.gone.length > 0 || mine.entry === null) {
      // The lease may be there all the same: somebody else may have removed the key.
      this.#timer?.cancel();
      this.#key = null;
      return "gone";
    }
    this.#sureUntil = sent + ttlMs;
    return { before: before.entries[0]?.key ?? null, revision: done.revision };
  }

  /** Waits until a key goes, but not for long: the next look decides. */
  async #untilGone(
    key: Key,
    { place, until, signal }: {
      readonly place: Place;
      readonly until: number;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<void> {
    const { clock, watch } = this.#options;
    const ranges = [rangeOfKey(key)];
    const query = { ranges, from: place.revision, previous: false, keysOnly: true };
    const watcher = watch(query);
    const ms = Math.max(0, Math.min(LOOK_MS, until - clock.now()));
    const close = (): void => watcher.close();
    const timer = clock.after(ms, close);
    signal?.addEventListener("abort", close);
    for (let next = await watcher.next(); next.type === "group"; next = await watcher.next()) {
      if (next.group.changes.some(({ kind }) => kind !== "put")) break;
    }
    timer.cancel();
    signal?.removeEventListener("abort", close);
    watcher.close();
  }

  #keepLater(): void {
    const { clock, ttlMs } = this.#options;
    this.#timer?.cancel();
    this.#timer = clock.after(ttlMs / 3, () => void this.#keep());
  }

  /** Renews the lease as long as the key stands in the queue. */
  async #keep(): Promise<void> {
    const { clock, ttlMs } = this.#options;
    const { [0]: lease, [1]: key } = [this.#lease, this.#key] as const;
    if (key === null) return;
    const sent = clock.now();
    const done = await this.#run([{ op: "renew", leases: [lease] }], { timeoutMs: ttlMs / 3 });
    if (this.#key !== key) return;
    const renewed = done === null || done === "never" ? undefined : done.results[0];
    if (renewed?.op === "renew" && renewed.gone.length === 0) this.#sureUntil = sent + ttlMs;
    this.#keepLater();
  }

  /** The result; `never`: it was not executed and never will be; `null`: unknown. */
  async #run(
    then: readonly Operation[],
    limits: CallOptions,
  ): Promise<BatchResult | "never" | null> {
    const batch: Batch = { checks: [], then, otherwise: [], at: 0 };
    const done = await this.#options.clerk.batch(batch, limits);
    if (done.type === "done") return done.result;
    return done.type === "maybe" ? null : "never";
  }
}
