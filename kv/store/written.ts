/**
 * What a write makes of a key.
 *
 * @module
 */

import type { Key } from "../command/mod.ts";
import type { Entry } from "../tables/mod.ts";

/** When a key ends. */
export type Ending = Pick<Entry, "expires" | "lease">;

/** The end of a key that does not end by itself. */
export const NO_ENDING: Ending = { expires: 0, lease: 0 };

/** The next version of a key. Its version never goes back, also over deletions. */
export function written(
  before: Entry | null,
  { key, value, revision, lease = 0, expires = 0 }: {
    readonly key: Key;
    readonly value: Uint8Array | null;
    readonly revision: number;
    readonly lease?: number;
    readonly expires?: number;
  },
): Entry {
  const isNew = before === null || before.value === null;
  return {
    key,
    value,
    revision,
    version: (before?.version ?? 0) + 1,
    created: isNew ? revision : before.created,
    lease,
    expires,
  };
}
