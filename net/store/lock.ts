/**
 * Locks for programs: held on a lease that is renewed in the background, given back at the end of an
 * `await using` block.
 *
 * @module
 */

import { type Clerk, type Key, LeasedLock, Watcher } from "../../kv/mod.ts";
import { SystemClock, type Timer } from "../../raft/mod.ts";
import type { KnownNodes } from "../rpc/mod.ts";
import { bytesOf, type ValueLike } from "./batch_builder.ts";
import { openWatchOf } from "./watch.ts";

/** How to take a lock. */
export interface LockOptions {
  /** Others get the lock so long after its holder has died. @default {10_000} */
  readonly ttlMs?: number;
  /** What others can read of this client: the value of its key below `lock/NAME/`. */
  readonly value?: ValueLike;
  /** When to stop waiting for it. @default {never} */
  readonly timeoutMs?: number;
  /** Stops waiting for it when it is raised. */
  readonly signal?: AbortSignal;
}

/**
 * A lock was not acquired.
 *
 * @example
 * ```ts
 * import { connect, LockError } from "@kontiki/kontiki";
 *
 * await using store = connect(["127.0.0.1:7411"]);
 * try {
 *   await using lock = await store.lock("backup", { timeoutMs: 100 });
 *   console.log("held", lock.revision);
 * } catch (error) {
 *   if (error instanceof LockError) console.log("not held:", error.reason);
 * }
 * ```
 */
export class LockError extends Error {
  /** As other errors have it. */
  override name = "LockError";
  /** `unknown`: the lock may be held until its time to live has passed. */
  readonly reason: "busy" | "unavailable" | "unknown";

  /** With a sentence for people. */
  constructor(reason: LockError["reason"], lock: string) {
    super(`Cannot hold the lock ${lock}: ${reason}`);
    this.reason = reason;
  }
}

/** How often a holder looks whether the lock is still its own. */
const LOOK_MS = 500;
const TTL_MS = 10_000;
const RELEASE_MS = 2000;

const clock = new SystemClock();

/**
 * A lock that this program holds, until it is given back or lost. A program that must not write after
 * it has lost the lock makes its writes with {@linkcode BatchBuilder.checkLock}.
 *
 * @example
 * ```ts
 * import { connect, type HeldLock, type StoreClient } from "@kontiki/kontiki";
 *
 * async function backUp(store: StoreClient): Promise<boolean> {
 *   await using lock: HeldLock = await store.lock("backup");
 *   const write = store.batch().checkLock(lock.name, lock.revision).put("last backup", "now");
 *   const done = await write.commit();
 *   return done.outcome === "yes" && done.held;
 * }
 * await using store = connect(["127.0.0.1:7411"]);
 * console.log(await backUp(store));
 * ```
 */
export class HeldLock implements AsyncDisposable {
  /** Its name. */
  readonly name: string;
  /** The fencing token: larger than that of every earlier holder. */
  readonly revision: number;
  readonly #lock: LeasedLock;
  readonly #lost = new AbortController();
  #timer: Timer | null;

  /** `StoreClient.lock` makes it. */
  constructor({ lock, name, revision }: HeldPlace) {
    this.#lock = lock;
    this.name = name;
    this.revision = revision;
    this.#timer = this.#lookLater();
  }

  /**
   * Raised when the lock is lost: somebody took it away, or no server has answered for the whole time
   * to live, so that somebody else may hold it by now.
   */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Gives the lock back; false: no answer, and it ends when its time to live has passed. */
  async release(): Promise<boolean> {
    this.#timer?.cancel();
    this.#timer = null;
    return await this.#lock.release({ timeoutMs: RELEASE_MS });
  }

  /** Gives the lock back at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  #lookLater(): Timer {
    const left = Math.max(0, this.#lock.sureUntil - clock.now());
    return clock.after(Math.min(LOOK_MS, left), () => void this.#look());
  }

  async #look(): Promise<void> {
    // No look outlasts the lease, so that the signal comes before another client can hold the lock.
    const left = Math.max(0, this.#lock.sureUntil - clock.now());
    const isHeld = await this.#lock.isHeld({ timeoutMs: Math.min(RELEASE_MS, left) });
    if (this.#timer === null) return;
    const isDoubtful = isHeld === null && this.#lock.sureUntil <= clock.now();
    if (isHeld === false || isDoubtful) this.#lost.abort();
    else this.#timer = this.#lookLater();
  }
}

/** The first place in the queue of a lock. */
export interface HeldPlace {
  /** Holds it. */
  readonly lock: LeasedLock;
  /** The name of the lock. */
  readonly name: string;
  /** The fencing token. */
  readonly revision: number;
  /** The key in the queue, and its lease. */
  readonly place: { readonly key: Key; readonly lease: number };
}

/** Waits for a lock. Throws a {@linkcode LockError}. */
export async function acquirePlace(
  name: string,
  { ttlMs = TTL_MS, value, timeoutMs, signal }: LockOptions,
  { clerk, nodes, ending }: {
    readonly clerk: Clerk;
    readonly nodes: KnownNodes;
    readonly ending: AbortSignal;
  },
): Promise<HeldPlace> {
  const lock = new LeasedLock({
    ...{ clerk, clock, random: Math.random, name, ttlMs },
    ...value === undefined ? {} : { value: bytesOf(value) },
    watch: (query) => {
      const open = openWatchOf((place) => nodes.client(place));
      return new Watcher({ servers: nodes.places, open, clock, random: Math.random, query });
    },
  });
  const either = signal === undefined ? ending : AbortSignal.any([ending, signal]);
  const limits = timeoutMs === undefined ? {} : { timeoutMs };
  const acquired = await lock.acquire({ ...limits, signal: either });
  if (acquired.type !== "held") throw new LockError(acquired.type, name);
  return { lock, name, revision: acquired.token, place: lock.place };
}
