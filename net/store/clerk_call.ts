/**
 * Connects the clerk of `kv/` to the calls of `net/rpc/`, and translates their outcomes.
 *
 * Invariant: "unsent" and "overloaded" are returned only for a request that was not and never will
 * be executed (C2).
 *
 * @module
 */

import { type CallResult, encodeReply } from "../../kv/mod.ts";
import type { CallLimits, RpcClient } from "../rpc/mod.ts";

const OVERLOADED = encodeReply({ type: "overloaded" });

/** Sends a request to a server and returns its reply. */
export async function clerkCall(
  server: RpcClient,
  { request, lost, ...limits }: CallLimits & {
    readonly request: Uint8Array;
    /** Called when the server could not be asked, or did not answer. */
    readonly lost?: () => void;
  },
): Promise<CallResult> {
  const outcome = await server.call(request, limits);
  switch (outcome.kind) {
    case "replied":
      return outcome.payload instanceof Uint8Array ? outcome.payload : null;
    case "unknown":
      lost?.();
      return null;
    case "neverSent":
      if (outcome.reason === "noConnection") lost?.();
      return outcome.reason === "overloaded" ? OVERLOADED : "unsent";
  }
}
