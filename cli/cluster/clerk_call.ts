/**
 * Joins a clerk of `kv/` with the calls of `net/`: what became of a call, as the clerk wants to know
 * it.
 *
 * Invariant: "unsent" and "overloaded" are said only of a request that was not and never will be
 * executed (rule C2).
 *
 * @module
 */

import { type CallResult, encodeReply } from "../../kv/mod.ts";
import type { RpcClient } from "../../net/mod.ts";

const OVERLOADED = encodeReply({ type: "overloaded" });

/** Carries a request to a server, and its reply back. */
export async function clerkCall(
  server: RpcClient,
  { request, withinMs }: { readonly request: Uint8Array; readonly withinMs: number },
): Promise<CallResult> {
  const outcome = await server.call(request, { withinMs });
  switch (outcome.kind) {
    case "replied":
      return outcome.payload instanceof Uint8Array ? outcome.payload : null;
    case "unknown":
      return null;
    case "neverSent":
      return outcome.reason === "overloaded" ? OVERLOADED : "unsent";
  }
}
