/**
 * Keeps the leases of one client: begins them, renews many in one batch, and notices when one is lost.
 *
 * Invariant: a lease that is not lost lives: its time counts from before its renewal was sent.
 *
 * @module
 */

import type { Clock, Random, Timer } from "../../raft/mod.ts";
import { BATCH_LIMITS, type Operation, type Result } from "../command/mod.ts";
import type { Clerk } from "./clerk.ts";
import type { BatchOutcome, CallOptions } from "./clerk_types.ts";

/** Options of a {@linkcode LeaseKeeper}. */
export interface LeaseKeeperOptions {
  /** Sends batches, in a session: otherwise a lost answer may leave a lease that no client renews. */
  readonly clerk: Pick<Clerk, "batch">;
  /** Paces renewals. */
  readonly clock: Pick<Clock, "now" | "after">;
  /** Draws the numbers of leases. */
  readonly random: Random;
}

/** Why a lease is lost: a server says that it has ended, or none has answered for its whole time. */
export type LeaseLoss = "ended" | "doubtful";

/** A lease that is kept. */
export interface KeptLease {
  /** Its number. */
  readonly lease: number;
  /** Its time to live, in milliseconds. */
  readonly ttlMs: number;
  /** It lives until this time of the clock at least. */
  sureUntil: number;
  /** When to renew it. */
  renewAt: number;
  /** Called once, when the lease is lost. */
  readonly lost: (how: LeaseLoss) => void;
}

/** The outcome of a grant. */
export type GrantResult =
  | { readonly type: "granted"; readonly lease: KeptLease }
  /** The batch was not done: after `maybe` the lease may exist, and ends by itself. */
  | Exclude<BatchOutcome, { readonly type: "done" }>;

/** A lease is renewed so many times in its time to live. */
const RENEWALS = 3;

/** What is due within this share of a lease's time is renewed with what is due now. */
const EARLY_SHARE = 0.1;

/** Keeps any number of leases. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #leases = new Map<number, KeptLease>();
  #timer: Timer | null = null;
  #wakesAt = Infinity;

  /** Makes a keeper without leases. */
  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  /** Begins a lease, and keeps it until it is lost, revoked or abandoned. */
  async grant(
    { ttlMs, lost }: Pick<KeptLease, "ttlMs" | "lost">,
    limits: CallOptions,
  ): Promise<GrantResult> {
    const { clock, random } = this.#options;
    const lease = 1 + Math.floor(random() * 2 ** 52);
    const sent = clock.now();
    const done = await this.#run({ op: "grant", lease, ttl: ttlMs }, limits);
    if ("type" in done) return done;
    const kept: KeptLease = { lease, ttlMs, lost, sureUntil: 0, renewAt: 0 };
    this.#leases.set(lease, kept);
    this.#renewed(kept, sent);
    return { type: "granted", lease: kept };
  }

  /** Ends a lease, with its keys. Returns false if the time was up before that was certain. */
  async revoke(lease: number, limits: CallOptions): Promise<boolean> {
    this.abandon(lease);
    return !("type" in await this.#run({ op: "revoke", lease }, limits));
  }

  /** Renews a lease no more, so that it ends when its time has passed. */
  abandon(lease: number): void {
    this.#leases.delete(lease);
    if (this.#leases.size === 0) this.#sleep();
  }

  /** Abandons all leases: each of them counts as lost. */
  stop(): void {
    this.#sleep();
    for (const kept of [...this.#leases.values()]) this.#lose(kept, "doubtful");
  }

  #sleep(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#wakesAt = Infinity;
  }

  #renewed(kept: KeptLease, sent: number): void {
    kept.sureUntil = sent + kept.ttlMs;
    kept.renewAt = sent + kept.ttlMs / RENEWALS;
    this.#wakeAt(kept.renewAt);
  }

  #lose(kept: KeptLease, how: LeaseLoss): void {
    if (this.#leases.get(kept.lease) !== kept) return;
    this.abandon(kept.lease);
    kept.lost(how);
  }

  #wakeAt(time: number): void {
    if (time >= this.#wakesAt) return;
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#wakesAt = time;
    this.#timer = clock.after(Math.max(0, time - clock.now()), () => this.#look());
  }

  /** Renews the leases that are due, and gives up those whose renewal got no answer in time. */
  #look(): void {
    this.#sleep();
    const now = this.#options.clock.now();
    const due: KeptLease[] = [];
    let wakeAt = Infinity;
    for (const kept of this.#leases.values()) {
      if (kept.sureUntil <= now) {
        this.#lose(kept, "doubtful");
        continue;
      }
      if (kept.renewAt - kept.ttlMs * EARLY_SHARE <= now) {
        // Without an answer the next attempt comes after another part of the time to live.
        kept.renewAt = now + kept.ttlMs / RENEWALS;
        due.push(kept);
      }
      wakeAt = Math.min(wakeAt, kept.renewAt, kept.sureUntil);
    }
    for (let place = 0; place < due.length; place += BATCH_LIMITS.operations) {
      void this.#renew(due.slice(place, place + BATCH_LIMITS.operations));
    }
    this.#wakeAt(wakeAt);
  }

  async #renew(due: readonly KeptLease[]): Promise<void> {
    const sent = this.#options.clock.now();
    const timeoutMs = Math.min(...due.map(({ ttlMs }) => ttlMs)) / RENEWALS;
    const leases = due.map(({ lease }) => lease);
    const done = await this.#run({ op: "renew", leases }, { timeoutMs });
    if (!("op" in done) || done.op !== "renew") return;
    const gone = new Set(done.gone);
    for (const kept of due) {
      if (gone.has(kept.lease)) this.#lose(kept, "ended");
      else if (this.#leases.get(kept.lease) === kept) this.#renewed(kept, sent);
    }
  }

  /** What the operation answered, or why there is no answer. */
  async #run(
    operation: Operation,
    limits: CallOptions,
  ): Promise<Result | Exclude<BatchOutcome, { readonly type: "done" }>> {
    const batch = { checks: [], then: [operation], otherwise: [], at: 0 };
    const done = await this.#options.clerk.batch(batch, limits);
    return done.type === "done" ? done.result.results[0]! : done;
  }
}
