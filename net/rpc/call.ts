/**
 * What a call may be told, and what may become of it.
 *
 * @module
 */

import type { WireValue } from "../wire/mod.ts";

/** What became of a call. */
export type CallOutcome =
  | { readonly kind: "replied"; readonly payload: WireValue }
  /** It was not executed and never will be: safe to send again, here or elsewhere. */
  | {
    readonly kind: "neverSent";
    /** For `noConnection`, {@linkcode RpcClient.lastFailure} says more. */
    readonly reason: "noConnection" | "overloaded" | "unknownRequest" | "aborted";
  }
  /** It was sent, and then the connection was lost or the call was given up: executed or not. */
  | { readonly kind: "unknown"; readonly reason: "connectionLost" | "deadline" | "aborted" };

/** Limits of one call. */
export interface CallLimits {
  /** When to give up, in milliseconds from now. */
  readonly withinMs: number;
  /** Gives the call up at once. */
  readonly signal?: AbortSignal | undefined;
}
