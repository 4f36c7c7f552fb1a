/**
 * What watches see: the changes of one revision as a group.
 *
 * @module
 */

import type { ChangeGroup } from "../store/mod.ts";
import type { Entry } from "../tables/mod.ts";

/** What happened to a key. */
export type ChangeKind = "put" | "delete" | "leaseEnd" | "expired";

/** What an entry costs beside its key and value, roughly. */
const ENTRY_OVERHEAD_BYTES = 120;

/**
 * What the write of this entry did. A deletion that names a lease happened because the lease ended, and
 * one that names a time because that had come.
 */
export function kindOf({ value, lease, expires }: Entry): ChangeKind {
  if (value !== null) return "put";
  if (lease > 0) return "leaseEnd";
  return expires > 0 ? "expired" : "delete";
}

/** About how much memory an entry takes. */
export function entryBytes({ key, value }: Entry): number {
  return ENTRY_OVERHEAD_BYTES + key.length + (value === null ? 0 : value.length);
}

/** About how much memory a group keeps from being freed. */
export function bytesOf({ changes }: ChangeGroup): number {
  let bytes = ENTRY_OVERHEAD_BYTES;
  for (const { entry, previous } of changes) {
    bytes += entryBytes(entry) + (previous === null ? 0 : entryBytes(previous));
  }
  return bytes;
}
