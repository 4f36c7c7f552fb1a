/**
 * What every operation takes and answers, as types; the rows are in `operations.ts`.
 *
 * @module
 */

import type { Key } from "./bytes.ts";
import type { FoundEntry } from "./entries.ts";
import type { FoundLease } from "./lease_fields.ts";

/** What every operation takes and answers. */
export interface OperationTypes {
  /** See the row of this name. */
  put: [{ key: Key; value: Uint8Array; expires?: number; lease?: number }, { version: number }];
  /** See the row of this name. */
  delete: [{ key: Key }, { existed: boolean }];
  /** See the row of this name. */
  touch: [
    { key: Key; expires?: number; lease?: number },
    { existed: boolean; version: number },
  ];
  /** See the row of this name. */
  deleteRange: [
    { start: Key; end: Key | null; limit: number },
    { count: number; next: Key | null },
  ];
  /** See the row of this name. */
  add: [
    { key: Key; amount: bigint; overflow: "wrap" | "clamp" },
    { version: number; value: bigint },
  ];
  /** See the row of this name. */
  min: [{ key: Key; amount: bigint }, { version: number; value: bigint }];
  /** See the row of this name. */
  max: [{ key: Key; amount: bigint }, { version: number; value: bigint }];
  /** See the row of this name. */
  putAtRevision: [
    { prefix: Key; value: Uint8Array; expires?: number; lease?: number },
    { key: Key },
  ];
  /** See the row of this name. */
  putStamped: [
    { prefix: Key; suffix: Key; value: Uint8Array; expires?: number; lease?: number },
    { version: number },
  ];
  /** See the row of this name. */
  calculate: [
    {
      key: Key;
      how: "sum" | "min" | "max";
      operand: Uint8Array;
      lowest: Uint8Array;
      highest: Uint8Array;
      clamp: boolean;
      expires?: number;
      lease?: number;
    },
    { version: number },
  ];
  /** See the row of this name. */
  grant: [{ lease: number; ttl: number }, { created: boolean }];
  /** See the row of this name. */
  renew: [{ leases: readonly number[] }, { gone: readonly number[] }];
  /** See the row of this name. */
  revoke: [{ lease: number }, { existed: boolean; count: number }];
  /** See the row of this name. */
  leases: [
    { from: number; limit: number },
    { leases: readonly FoundLease[]; next: number },
  ];
  /** See the row of this name. */
  get: [{ key: Key }, { entry: FoundEntry | null }];
  /** See the row of this name. */
  range: [
    { start: Key; end: Key | null; limit: number; reverse: boolean; show: "entries" | "keys" },
    { entries: readonly FoundEntry[]; next: Key | null },
  ];
  /** See the row of this name. */
  count: [{ start: Key; end: Key | null }, { count: number; next: Key | null }];
}
