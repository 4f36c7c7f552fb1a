/**
 * Leases for programs: kept in the background, ended with their keys at the end of an `await using`
 * block.
 *
 * @module
 */

import type { FoundLease, LeaseKeeper, LeaseLoss } from "../../kv/mod.ts";
import { type GivenUp, type OperationOptions, StoreReadError } from "./outcomes.ts";
import type { ReadPage } from "./ranges.ts";

/** How to begin a lease. */
export interface LeaseOptions extends OperationOptions {
  /** The lease ends so long after its last renewal. @default {10_000} */
  readonly ttlMs?: number;
}

/**
 * A lease did not begin, or is lost.
 *
 * @example
 * ```ts
 * import { connect, LeaseError } from "@kontiki/kontiki";
 *
 * await using store = connect(["127.0.0.1:7411"]);
 * await using lease = await store.lease();
 * lease.signal.addEventListener("abort", () => {
 *   const { reason } = lease.signal;
 *   if (reason instanceof LeaseError) console.log("lost:", reason.reason);
 * });
 * ```
 */
export class LeaseError extends Error {
  /** As other errors have it. */
  override name = "LeaseError";
  /**
   * `ended`: the cluster ended it. `doubtful`: no server has answered for its whole time to live, so
   * that it may have ended. `unknown`: it may have begun, and then ends by itself. Otherwise it never
   * began.
   */
  readonly reason: LeaseLoss | "unknown" | "full" | "refused" | GivenUp;

  /** With a sentence for people. */
  constructor(reason: LeaseError["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

const TTL_MS = 10_000;
const RELEASE_MS = 2000;

/**
 * A lease that this program keeps. Keys that are put with it live as long as it does.
 *
 * @example Say where this program listens, for as long as it runs.
 * ```ts
 * import { connect } from "@kontiki/kontiki";
 *
 * await using store = connect(["127.0.0.1:7411"]);
 * {
 *   await using lease = await store.lease({ ttlMs: 5000 });
 *   await store.put("services/api/ada", "10.0.0.7:8080", { lease: lease.id });
 *   console.log(await store.count("services/api/")); // 1
 * }
 * console.log(await store.count("services/api/")); // 0
 * ```
 */
export class Lease implements AsyncDisposable {
  /** Its number, for `put` and batches. */
  readonly id: number;
  /** Its time to live, in milliseconds. */
  readonly ttlMs: number;
  readonly #keeper: LeaseKeeper;
  readonly #lost: AbortController;

  /** `StoreClient.lease` makes it. */
  constructor(
    { id, ttlMs }: { readonly id: number; readonly ttlMs: number },
    { keeper, lost }: { readonly keeper: LeaseKeeper; readonly lost: AbortController },
  ) {
    this.id = id;
    this.ttlMs = ttlMs;
    this.#keeper = keeper;
    this.#lost = lost;
  }

  /** Raised with a {@linkcode LeaseError} when the lease is lost, or may be. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Ends the lease with its keys; false: no answer, and it ends when its time has passed. */
  async release({ timeoutMs = RELEASE_MS, signal }: OperationOptions = {}): Promise<boolean> {
    const limits = { timeoutMs, ...signal === undefined ? {} : { signal } };
    return await this.#keeper.revoke(this.id, limits);
  }

  /** Renews the lease no more: its keys stay until its time has passed. */
  abandon(): void {
    this.#keeper.abandon(this.id);
  }

  /** Ends the lease at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}

/** Begins a lease. Throws a {@linkcode LeaseError}. `reason` is why there was no answer. */
export async function beginLease(
  keeper: LeaseKeeper,
  ttlMs: number | undefined,
  { limits, reason }: {
    readonly limits: { readonly timeoutMs: number; readonly signal: AbortSignal };
    readonly reason: () => GivenUp;
  },
): Promise<Lease> {
  const lives = ttlMs ?? TTL_MS;
  const lost = new AbortController();
  const grant = {
    ttlMs: lives,
    lost: (how: LeaseLoss) => {
      const text = how === "ended"
        ? "the cluster has ended it"
        : `no answer for ${lives} ms, so that it may have ended`;
      lost.abort(new LeaseError(how, `The lease is lost: ${text}`));
    },
  };
  const granted = await keeper.grant(grant, limits);
  switch (granted.type) {
    case "granted":
      return new Lease({ id: granted.lease.lease, ttlMs: lives }, { keeper, lost });
    case "maybe":
      throw new LeaseError("unknown", "No answer: the lease may have begun, and ends by itself");
    case "unavailable":
      throw new LeaseError(reason(), `The lease did not begin: no answer (${reason()})`);
    case "full":
      throw new LeaseError("full", "The lease did not begin: the disk is full");
    case "invalid":
      throw new LeaseError("refused", `The lease did not begin: ${granted.reason}`);
    case "compacted":
    case "future":
    case "refused":
      throw new LeaseError("refused", "The lease did not begin: the node refused it");
    default:
      return granted satisfies never;
  }
}

/** All leases in the order of their numbers, a page at a time. */
export async function* listLeases(read: ReadPage): AsyncGenerator<FoundLease, void, void> {
  let from = 0;
  do {
    const done = await read({ op: "leases", from, limit: 1000 }, 0);
    const page = done.type === "done" ? done.result.results[0] : undefined;
    if (page?.op !== "leases") {
      throw new StoreReadError("refused", "Cannot list leases: the node refused it");
    }
    yield* page.leases;
    from = page.next;
  } while (from > 0);
}
