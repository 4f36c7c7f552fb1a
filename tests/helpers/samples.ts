/**
 * One of every operation, check and result. A row of the table of operations without a sample does
 * not compile.
 *
 * @module
 */

import type {
  Check,
  Operation,
  OperationName,
  OperationOf,
  Result,
  ResultOf,
} from "../../kv/mod.ts";

const value = Uint8Array.of(0, 255, 7);
const entry = { key: "k", value, version: 3, created: 4, revision: 9 };

const OPERATIONS: { readonly [Name in OperationName]: OperationOf<Name> } = {
  put: { op: "put", key: "k", value },
  delete: { op: "delete", key: "\xfe\xff" },
  touch: { op: "touch", key: "k", expires: 2 ** 41, lease: 7 },
  deleteRange: { op: "deleteRange", start: "", end: null, limit: 1 },
  add: { op: "add", key: "n", amount: 2n ** 64n - 1n, overflow: "clamp" },
  min: { op: "min", key: "n", amount: 0n },
  max: { op: "max", key: "n", amount: 5n },
  putAtRevision: { op: "putAtRevision", prefix: "log/", value },
  putStamped: { op: "putStamped", prefix: "log/\x02", suffix: "\0", value },
  calculate: {
    op: "calculate",
    key: "n",
    how: "sum",
    operand: Uint8Array.of(2, 1, 0, 0, 0, 0, 0, 0, 0),
    lowest: new Uint8Array(),
    highest: value,
    clamp: true,
  },
  grant: { op: "grant", lease: 1, ttl: 100 },
  renew: { op: "renew", leases: [1, Number.MAX_SAFE_INTEGER] },
  revoke: { op: "revoke", lease: 7 },
  leases: { op: "leases", from: 0, limit: 1000 },
  get: { op: "get", key: "k" },
  range: { op: "range", start: "a", end: "b", limit: 1000, reverse: true, show: "keys" },
  count: { op: "count", start: "a", end: "b" },
};

const RESULTS: { readonly [Name in OperationName]: ResultOf<Name> } = {
  put: { op: "put", version: 3 },
  delete: { op: "delete", existed: true },
  touch: { op: "touch", existed: true, version: 4 },
  deleteRange: { op: "deleteRange", count: 1000, next: "k" },
  add: { op: "add", version: 1, value: 2n ** 63n },
  min: { op: "min", version: 2, value: 0n },
  max: { op: "max", version: 3, value: 5n },
  putAtRevision: { op: "putAtRevision", key: "log/00000000000000120001" },
  putStamped: { op: "putStamped", version: 1 },
  calculate: { op: "calculate", version: 4 },
  grant: { op: "grant", created: true },
  renew: { op: "renew", gone: [] },
  revoke: { op: "revoke", existed: true, count: 3 },
  leases: { op: "leases", leases: [{ lease: 7, ttl: 1000, left: 0 }], next: 8 },
  get: { op: "get", entry },
  range: { op: "range", entries: [entry, { ...entry, key: "\xfe\xff", value: null }], next: null },
  count: { op: "count", count: 12, next: "m" },
};

const CHECKS: readonly Check[] = [
  { key: "k", absent: true },
  { key: "k", present: true },
  { key: "k", version: 0 },
  { key: "\xfe\xff\0", revision: Number.MAX_SAFE_INTEGER },
  { key: "k", value },
  { lock: "backup", revision: 7 },
];

/** Samples of everything. */
export const SAMPLES: {
  readonly operations: readonly Operation[];
  readonly results: readonly Result[];
  readonly checks: readonly Check[];
} = {
  operations: [
    ...Object.values(OPERATIONS),
    { op: "put", key: "k", value, expires: 1 },
    { op: "put", key: "k", value, lease: 7 },
    { op: "put", key: "k", value, expires: 1, lease: 7 },
    { op: "putAtRevision", prefix: "log/", value, expires: Number.MAX_SAFE_INTEGER },
  ],
  results: [
    ...Object.values(RESULTS),
    { op: "get", entry: null },
    { op: "get", entry: { ...entry, expires: 5 } },
    { op: "get", entry: { ...entry, lease: 7, expires: 5 } },
  ],
  checks: CHECKS,
};
