/**
 * What replies say to a clerk.
 *
 * @module
 */

import { decodeAged, decodeReply, type Reply } from "../command/mod.ts";
import type { BatchOutcome, CallResult } from "./clerk_types.ts";

/** A reply that decides an operation. */
export type Definite = Exclude<Reply, { readonly type: "wrongLeader" | "unknown" | "overloaded" }>;

/** What a reply that is no result says of a batch. */
export function outcomeOf(reply: Definite | null): BatchOutcome {
  if (reply === null) return { type: "unavailable" };
  switch (reply.type) {
    case "compacted":
    case "future":
    case "invalid":
    case "full":
      return reply;
    case "unsupported":
      return { type: "invalid", reason: reply.reason };
    default:
      return { type: "refused" };
  }
}

/** The reply of a call, and the age of the state that it shows. */
export function readResult(
  result: CallResult,
): { readonly reply: Reply | null; readonly age: { readonly ageMs?: number } } {
  if (result === "unsent") return { reply: { type: "wrongLeader", leader: null }, age: {} };
  if (result === null) return { reply: null, age: {} };
  const aged = decodeAged(result);
  if (aged === null) return { reply: decodeReply(result), age: {} };
  return { reply: decodeReply(aged.reply), age: { ageMs: aged.ageMs } };
}
