/**
 * Joins a clerk of `kv/` with the calls of `net/rpc/`: says what became of a call in the clerk's
 * words.
 *
 * Invariant: "unsent" and "overloaded" are said only of a request that was not and never will be
 * executed (C2).
 *
 * @module
 */

import { type CallResult, encodeReply } from "../../kv/mod.ts";
import type { CallLimits, RpcClient } from "../rpc/mod.ts";

const OVERLOADED = encodeReply({ type: "overloaded" });

/** Carries a request to a server, and its reply back. */
export async function clerkCall(
  server: RpcClient,
  { request, ...limits }: CallLimits & { readonly request: Uint8Array },
): Promise<CallResult> {
  const outcome = await server.call(request, limits);
  switch (outcome.kind) {
    case "replied":
      return outcome.payload instanceof Uint8Array ? outcome.payload : null;
    case "unknown":
      return null;
    case "neverSent":
      return outcome.reason === "overloaded" ? OVERLOADED : "unsent";
  }
}
