/**
 * A lock that is one key: empty, or the holder's random name. There is no lease: a holder
 * that dies keeps the others out.
 *
 * After a put with unknown outcome the key is read again. The version under which the lock was
 * acquired grows with every holder, so it can fence off writes of earlier holders.
 *
 * @module
 */

import type { Clock, Random } from "../../raft/mod.ts";
import type { Clerk } from "./clerk.ts";
import type { CallOptions } from "./clerk_types.ts";

/** Options of a {@linkcode Lock}. */
export interface LockOptions {
  /** The client that reads and writes the lock's key. */
  readonly clerk: Clerk;
  /** The clock for waiting until the lock may be free. */
  readonly clock: Clock;
  /** Makes the random name of this holder. */
  readonly random: Random;
  /** The key that is the lock, the same for all clients that contend. */
  readonly name: string;
  /** The approximate pause before looking again whether the lock is free. */
  readonly pauseMs?: number;
}

/** The result of {@linkcode Lock.acquire}. */
export type AcquireResult =
  /** This client holds it. The token is larger than that of every earlier holder. */
  | { readonly type: "held"; readonly token: number }
  /** Another client held it when the time was up, and this call will not acquire it any more. */
  | { readonly type: "busy" }
  /** As "busy", but the cluster never answered, so the state of the lock is unknown. */
  | { readonly type: "unavailable" }
  /** This client may hold it, now or later: release it before anything else. */
  | { readonly type: "unknown" };

const FREE = new Uint8Array(0);

/** Mutual exclusion among clients. */
export class Lock {
  readonly #options: LockOptions;
  readonly #name: Uint8Array;
  /** The version of the last put while that may still be executed. */
  #pending: number | null = null;

  /** Makes a lock that this client does not hold. */
  constructor(options: LockOptions) {
    this.#options = options;
    const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    const name = Array.from({ length: 16 }, () => letters[Math.floor(options.random() * 36)]);
    this.#name = new TextEncoder().encode(name.join(""));
  }

  /** Waits until this client holds the lock, or the time is up. */
  async acquire({ timeoutMs = Infinity }: CallOptions = {}): Promise<AcquireResult> {
    const { clerk, clock, name } = this.#options;
    const deadline = clock.now() + timeoutMs;
    let hasSeen = false;
    while (clock.now() < deadline) {
      const seen = await this.#look(deadline);
      if (seen === null) break;
      hasSeen = true;
      if (seen.version !== this.#pending) this.#pending = null;
      const isOurs = isEqual(seen.value, this.#name);
      // A late release may still arrive; write again so that it no longer matches.
      if (isOurs && this.#pending === null) return { type: "held", token: seen.version };
      if (!isOurs && seen.value.length > 0) {
        await this.#pause(deadline);
        continue;
      }
      const { version } = seen;
      const result = await clerk.put(name, this.#name, {
        version,
        timeoutMs: deadline - clock.now(),
      });
      if (result.type === "stored") return { type: "held", token: result.version };
      if (result.type === "maybe") this.#pending = version;
      if (result.type === "full") await this.#pause(deadline);
    }
    if (this.#pending !== null) return { type: "unknown" };
    return { type: hasSeen ? "busy" : "unavailable" };
  }

  /**
   * Whether this client holds the lock now; `null`: no answer in time. Another client may have
   * freed it.
   */
  async isHeld({ timeoutMs = Infinity }: CallOptions = {}): Promise<boolean | null> {
    const seen = await this.#look(this.#options.clock.now() + timeoutMs);
    return seen === null ? null : isEqual(seen.value, this.#name);
  }

  /**
   * Makes sure that this client does not hold the lock, now or through an earlier call. Returns
   * false if the time was up before that was certain.
   */
  async release({ timeoutMs = Infinity }: CallOptions = {}): Promise<boolean> {
    const { clerk, clock, name } = this.#options;
    const deadline = clock.now() + timeoutMs;
    while (clock.now() < deadline) {
      const seen = await this.#look(deadline);
      if (seen === null) break;
      // A put that may still arrive names this version; another put with it makes the late one
      // harmless.
      if (!isEqual(seen.value, this.#name) && seen.version !== this.#pending) {
        this.#pending = null;
        return true;
      }
      const { version } = seen;
      const result = await clerk.put(name, FREE, { version, timeoutMs: deadline - clock.now() });
      if (result.type === "stored") {
        this.#pending = null;
        return true;
      }
      if (result.type === "maybe") this.#pending = version;
    }
    return false;
  }

  async #look(deadline: number): Promise<{ value: Uint8Array; version: number } | null> {
    const { clerk, clock, name } = this.#options;
    const found = await clerk.get(name, { timeoutMs: deadline - clock.now() });
    if (found.type === "value") return found;
    return found.type === "noKey" ? { value: FREE, version: 0 } : null;
  }

  #pause(deadline: number): Promise<void> {
    const { clock, random, pauseMs = 10 } = this.#options;
    const ms = Math.min(pauseMs * (0.5 + random()), Math.max(0, deadline - clock.now()));
    return new Promise((resolve) => void clock.after(ms, resolve));
  }
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, place) => byte === other[place]);
}
