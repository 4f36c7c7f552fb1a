/**
 * The table of checks: everything that a batch can demand.
 *
 * @module
 */

import type { Key } from "./bytes.ts";
import { type Field, value, whole } from "./fields.ts";

/** What a check demands of a key. */
export interface CheckRow {
  /** Its first byte; never given a new meaning. */
  readonly code: number;
  /** What it is compared with; `null`: nothing. */
  readonly field: Field<unknown> | null;
  /** When it holds, for the protocol page. */
  readonly meaning: string;
}

/** The checks. */
export const CHECKS: Readonly<
  Record<"lock" | "absent" | "present" | "version" | "revision" | "value", CheckRow>
> = {
  lock: {
    code: 6,
    field: whole,
    meaning:
      "the lock of this name is held by the client that stands in its queue since this revision",
  },
  absent: { code: 1, field: null, meaning: "the key does not exist" },
  present: { code: 2, field: null, meaning: "the key exists" },
  version: {
    code: 3,
    field: whole,
    meaning: "the key has this version, also if it was deleted; 0: it was never written",
  },
  revision: { code: 4, field: whole, meaning: "the key was last written at this revision" },
  value: { code: 5, field: value, meaning: "the key has this value" },
};

/** A condition of a batch. */
export type Check =
  | { readonly key: string; readonly absent: true }
  | { readonly key: string; readonly present: true }
  | { readonly key: string; readonly version: number }
  | { readonly key: string; readonly revision: number }
  | { readonly key: string; readonly value: Uint8Array }
  | { readonly lock: string; readonly revision: number };

/** What a check demands. */
export type CheckName = keyof typeof CHECKS;

/** The names of all checks. */
export const checkNames = Object.keys(CHECKS) as readonly CheckName[];

/** Which kind of check it is. */
export function checkName(check: Check): CheckName {
  const name = checkNames.find((each) => Object.hasOwn(check, each));
  if (name === undefined) {
    throw new RangeError(`Cannot use the check: wanted one of ${checkNames.join(", ")}`);
  }
  return name;
}

/** The key, or the lock, that a check is about. */
export function subjectOf(check: Check): Key {
  return "lock" in check ? check.lock : check.key;
}

/** What the subject is compared with. */
export function demandOf(check: Check): unknown {
  if ("lock" in check) return check.revision;
  return (check as Record<string, unknown>)[checkName(check)];
}

/** The check of this kind. */
export function makeCheck(name: CheckName, subject: Key, demand: unknown): Check {
  if (name === "lock") return { lock: subject, revision: demand as number };
  return { key: subject, [name]: CHECKS[name].field === null ? true : demand } as Check;
}
