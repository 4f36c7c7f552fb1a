/**
 * The limits of a call, and its outcomes.
 *
 * @module
 */

import type { WireValue } from "../wire/mod.ts";

/** The outcome of a call. */
export type CallOutcome =
  | { readonly kind: "replied"; readonly payload: WireValue }
  /** It was not executed and never will be: it is safe to send it again to any server. */
  | {
    readonly kind: "neverSent";
    /** For `noConnection`, {@linkcode RpcClient.lastFailure} says more. */
    readonly reason: "noConnection" | "overloaded" | "unknownRequest" | "aborted";
  }
  /** It was sent before the connection was lost or the call was given up: executed or not. */
  | { readonly kind: "unknown"; readonly reason: "connectionLost" | "deadline" | "aborted" };

/** Limits of one call. */
export interface CallLimits {
  /** The deadline, in milliseconds from now. */
  readonly withinMs: number;
  /** Ends the call at once when it is raised. */
  readonly signal?: AbortSignal | undefined;
}
