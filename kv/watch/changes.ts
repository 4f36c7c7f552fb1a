/**
 * What watches see: the changes of one revision as a group.
 *
 * @module
 */

import type { ChangeGroup } from "../store/mod.ts";
import type { Entry } from "../tables/mod.ts";

/** What happened to a key. */
export type ChangeKind = "put" | "delete" | "leaseEnd";

/** What an entry costs beside its key and value, roughly. */
const ENTRY_OVERHEAD_BYTES = 120;

/** What the write of this entry did. A deletion that names a lease happened because the lease ended. */
export function kindOf({ value, lease }: Entry): ChangeKind {
  if (value !== null) return "put";
  return lease > 0 ? "leaseEnd" : "delete";
}

/** About how much memory a group keeps from being freed. */
export function bytesOf({ changes }: ChangeGroup): number {
  let bytes = ENTRY_OVERHEAD_BYTES;
  for (const { entry, previous } of changes) {
    bytes += ENTRY_OVERHEAD_BYTES + entry.key.length + (entry.value?.length ?? 0);
    if (previous !== null) bytes += ENTRY_OVERHEAD_BYTES + (previous.value?.length ?? 0);
  }
  return bytes;
}
