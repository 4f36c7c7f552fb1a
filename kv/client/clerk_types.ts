/**
 * What a clerk is made of, and what its operations return.
 *
 * @module
 */

import type { Clock, NodeId, Random } from "../../raft/mod.ts";
import type { BatchResult } from "../command/mod.ts";

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
   * Whether batches are numbered in a session, so that each is executed once however often it is
   * sent. Such a clerk asks for the time of the log before its first write. @default {false}
   */
  readonly sessions?: boolean;
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

/** The result of a get. `ageMs`: the state was the newest so long ago, or later; without it, meanwhile. */
export type GetResult =
  | {
    readonly type: "value";
    readonly value: Uint8Array;
    readonly version: number;
    readonly ageMs?: number;
  }
  | { readonly type: "noKey"; readonly ageMs?: number }
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
  | { readonly type: "done"; readonly result: BatchResult; readonly ageMs?: number }
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

/** Limits of one operation that may read. */
export interface ReadOptions extends CallOptions {
  /**
   * How old the state that a read sees may be, in whole milliseconds; any server may answer.
   * @default {the newest}
   */
  readonly stale?: number;
  /** Asks the server that answered such a read last, not the leader. @default {false} */
  readonly anyServer?: boolean;
}

/** Limits of one put. */
export interface PutOptions extends CallOptions {
  /** The version that the key must have; 0 if it must not exist. */
  readonly version: number;
}
