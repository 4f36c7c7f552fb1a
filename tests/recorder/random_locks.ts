/**
 * Random clients of one lock: they wait for it, change keys that it guards, and release it or die with it.
 * All of their batches are recorded, so that the checker knows the queue of the lock and its leases.
 *
 * @module
 */

import { type Clerk, LeasedLock, type LeasedLockOptions, toKey } from "../../kv/mod.ts";
import type { Clock } from "../../raft/mod.ts";
import type { SeededRandom } from "../sim/mod.ts";
import type { StoreRecorder } from "./store_recorder.ts";

/** What clients of the lock share. */
export interface RandomLocksOptions {
  readonly recorder: StoreRecorder;
  readonly clock: Clock;
  readonly watch: LeasedLockOptions["watch"];
  readonly name: string;
  /** The key that the lock guards. */
  readonly guarded: string;
}

/** One client of the lock. */
export interface LockClient {
  /** With sessions. */
  readonly clerk: Clerk;
  readonly client: number;
  readonly random: SeededRandom;
}

const RELEASE_MS = 5000;

/** The clients of one lock. */
export class RandomLocks {
  readonly #options: RandomLocksOptions;
  /** The revisions at which the lock was taken. */
  readonly taken: { readonly lock: string; readonly revision: number }[] = [];
  #count = 0;

  constructor(options: RandomLocksOptions) {
    this.#options = options;
  }

  /** Takes the lock, uses it and loses it; false: the client did not get it in time. */
  use(client: LockClient, timeoutMs: number): Promise<boolean> {
    return Promise.race([this.#use(client, timeoutMs), this.#options.recorder.failed]);
  }

  async #use(client: LockClient, timeoutMs: number): Promise<boolean> {
    const { recorder, clock, watch, name } = this.#options;
    const { random } = client;
    const recorded = recorder.recorded(client);
    let isDead = false;
    // A dead client waits for ever: it neither renews its lease nor releases its lock.
    const clerk: Pick<Clerk, "batch"> = {
      batch: (...batch) => isDead ? new Promise(() => {}) : recorded.batch(...batch),
    };
    const ttlMs = random.pick([300, 1000, 4000]);
    const lock = new LeasedLock({ clerk, clock, random: random.next, watch, name, ttlMs });
    const { type, ...held } = await lock.acquire({ timeoutMs });
    if ("token" in held) await this.#change(client, held.token);
    isDead = random.chance(0.2);
    if (!isDead) await lock.release({ timeoutMs: RELEASE_MS });
    return type === "held";
  }

  /** Changes the guarded key, which the store must refuse once the lock is lost. */
  async #change({ clerk, client, random }: LockClient, token: number): Promise<void> {
    const { recorder, clock, name, guarded: key } = this.#options;
    const held = { lock: toKey(name), revision: token };
    this.taken.push(held);
    for (let left = random.between(1, 3); left > 0; left--) {
      const { promise, resolve } = Promise.withResolvers<void>();
      clock.after(random.range(0, random.pick([10, 2000])), resolve);
      await promise;
      const value = new TextEncoder().encode(`${client}.${this.#count++}`);
      const then = [{ op: "put", key, value }] as const;
      const otherwise = [{ op: "get", key }] as const;
      const batch = { checks: [held], then, otherwise, at: 0 };
      await recorder.execute(batch, { clerk, client, timeoutMs: 1000 });
    }
  }
}
