/**
 * When the checks of a batch hold.
 *
 * @module
 */

import { type Check, checkName } from "../command/mod.ts";
import type { Entry } from "../tables/mod.ts";

/** Whether a check holds for what is known of its key. */
export function holds(check: Check, entry: Entry | null): boolean {
  const name = checkName(check);
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
    default:
      return name satisfies never;
  }
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, place) => byte === other[place]);
}
