/**
 * When the checks of a batch hold.
 *
 * @module
 */

import { type Check, checkName, endOfPrefix, type Key, queueOfLock } from "../command/mod.ts";
import type { Entry } from "../tables/mod.ts";
import type { Draft } from "./draft.ts";

/** Whether a check holds in a draft. */
export function holds(check: Check, draft: Draft): boolean {
  const name = checkName(check);
  if ("lock" in check) return holderOf(draft, check.lock)?.created === check.revision;
  const entry = draft.get(check.key);
  const exists = entry !== null && entry.value !== null;
  switch (name) {
    case "absent":
      return !exists;
    case "present":
      return exists;
    case "version":
      return (entry?.version ?? 0) === (check as { version: number }).version;
    case "revision":
      return exists && entry.revision === (check as { revision: number }).revision;
    case "value":
      return exists && isEqual(entry.value!, (check as { value: Uint8Array }).value);
    case "lock":
      return false;
    default:
      return name satisfies never;
  }
}

/** The first key in the queue of a lock: its client holds the lock (C4). */
function holderOf(draft: Draft, lock: Key): Entry | null {
  const start = queueOfLock(lock);
  for (const entry of draft.scan({ start, end: endOfPrefix(start), reverse: false })) return entry;
  return null;
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, place) => byte === other[place]);
}
