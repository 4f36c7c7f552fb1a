/**
 * Which messages are long. A transport may carry them on a line of their own, so that a heartbeat or a
 * vote never waits behind entries.
 *
 * @module
 */

import type { Message } from "../model/mod.ts";

/**
 * Whether a message carries entries or a part of a snapshot. All others are small.
 *
 * @example A transport that puts long messages on a line of their own.
 * ```ts
 * import { type Envelope, isBulk } from "@kontiki/kontiki/core";
 *
 * const lines: { readonly small: Envelope[]; readonly bulk: Envelope[] } = { small: [], bulk: [] };
 * const send = (envelope: Envelope) => lines[isBulk(envelope.message) ? "bulk" : "small"].push(envelope);
 * const vote = { type: "requestVoteReply", preVote: false, granted: true } as const;
 * send({ from: 1, to: 2, term: 1, message: vote });
 * console.assert(lines.small.length === 1);
 * ```
 */
export function isBulk(message: Message): boolean {
  if (message.type === "appendEntries") return message.entries.length > 0;
  return message.type === "installSnapshot" && message.data.length > 0;
}
