/**
 * Which messages are long. A transport may carry them on a line of their own, so that a heartbeat or a
 * vote never waits behind entries.
 *
 * @module
 */

import type { Message } from "../model/mod.ts";

/** Whether a message carries entries or a part of a snapshot. All others are small. */
export function isBulk(message: Message): boolean {
  if (message.type === "appendEntries") return message.entries.length > 0;
  return message.type === "installSnapshot" && message.data.length > 0;
}
