/**
 * The table of operations: everything that a batch can ask or do. Codec, JSON form, limits, server,
 * client library, recorder, history reader, random clients and the protocol page follow from these
 * rows; `docs/architecture.md` lists the steps that remain for a new one.
 *
 * @module
 */

import {
  amount,
  bound,
  choice,
  expires,
  type Field,
  flag,
  key,
  limit,
  start,
  value,
  whole,
} from "./fields.ts";
import { foundLeases, lease, leaseNumbers, leaseOrNone, ttl } from "./lease_fields.ts";
import type { OperationTypes } from "./operation_types.ts";
import { entries, entryOrNone } from "./entries.ts";

/** Named fields, in the order of their bytes. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The name of an operation. */
export type OperationName = keyof OperationTypes;

type OptionalName<T> = {
  [Name in keyof T]-?: object extends Pick<T, Name> ? Name : never;
}[keyof T];

type FieldsOf<T> = {
  readonly [Name in Exclude<keyof T, OptionalName<T>>]: Field<T[Name]>;
};

/** Fields that were added to an operation, under a code of its own. */
export interface LaterFields<Given = unknown> {
  /** The first byte of an operation that has any of them; never given a new meaning. */
  readonly code: number;
  /** The feature level of the cluster from which on this code may enter the log. */
  readonly since: number;
  /** They follow the first fields; each may be left out, and has a fallback. */
  readonly fields: {
    readonly [Name in OptionalName<Given>]-?: Field<Exclude<Given[Name], undefined>>;
  };
}

/** One operation. */
export interface OperationRow<Given = unknown, Answer = unknown> {
  /** Its first byte; never given a new meaning. */
  readonly code: number;
  /** A batch of reads takes no log entry. */
  readonly access: "read" | "write";
  /** The feature level of the cluster from which on it may enter the log. */
  readonly since: number;
  /** What it takes. */
  readonly fields: FieldsOf<Given>;
  /** What it may take since a later version; an operation without any keeps its first bytes. */
  readonly later?: LaterFields<Given>;
  /** What it answers. */
  readonly result: FieldsOf<Answer>;
  /** One sentence, for the protocol page. */
  readonly meaning: string;
}

/** At most this many keys are changed or returned by one operation on a range. */
export const RANGE_KEYS_MAX = 1000;

/** What an addition does that would leave 64 bits. */
const overflow = choice(["wrap", "clamp"]);

/** What changes a number of 64 bits. */
const numeric = {
  access: "write",
  since: 2,
  result: { version: whole, value: amount },
} as const;

/** The code of an operation with later fields is so much more than its first one. */
const LATER = 128;

/** What a write may say of the end of its key. */
const endings = { expires, lease: leaseOrNone };

/** The rows. */
export const OPERATIONS: {
  readonly [Name in OperationName]: OperationRow<OperationTypes[Name][0], OperationTypes[Name][1]>;
} = {
  put: {
    code: 1,
    access: "write",
    since: 2,
    fields: { key, value },
    later: { code: 1 + LATER, since: 3, fields: endings },
    result: { version: whole },
    meaning: "writes a key",
  },
  delete: {
    code: 2,
    access: "write",
    since: 2,
    fields: { key },
    result: { existed: flag },
    meaning: "removes a key; its version grows and is remembered",
  },
  touch: {
    code: 17,
    access: "write",
    since: 5,
    fields: { key },
    later: { code: 17 + LATER, since: 5, fields: endings },
    result: { existed: flag, version: whole },
    meaning:
      "gives a key that exists another end and lease, or none, and leaves its value; its version grows",
  },
  deleteRange: {
    code: 3,
    access: "write",
    since: 2,
    fields: { start, end: bound, limit: limit(RANGE_KEYS_MAX) },
    result: { count: whole, next: bound },
    meaning: "removes the first keys of a range, and says where the rest begins",
  },
  add: {
    ...numeric,
    code: 4,
    fields: { key, amount, overflow },
    meaning:
      "adds to the number (8 bytes, little endian) that a key holds; a key without one has 0",
  },
  min: {
    ...numeric,
    code: 5,
    fields: { key, amount },
    meaning:
      "lowers the number of a key to the amount, unless it is lower; sets it if there is none",
  },
  max: {
    ...numeric,
    code: 6,
    fields: { key, amount },
    meaning:
      "raises the number of a key to the amount, unless it is higher; sets it if there is none",
  },
  putAtRevision: {
    code: 7,
    access: "write",
    since: 2,
    fields: { prefix: start, value },
    later: { code: 7 + LATER, since: 3, fields: endings },
    result: { key },
    meaning:
      "writes the key that is the prefix and 20 digits: the batch's revision, and the place " +
      "of the operation in the batch",
  },
  putStamped: {
    code: 11,
    access: "write",
    since: 2,
    fields: { prefix: start, suffix: start, value },
    later: { code: 11 + LATER, since: 3, fields: endings },
    result: { version: whole },
    meaning:
      "writes the key that is the prefix, the batch's revision as 16 hexadecimal digits and " +
      "`0000`, and the suffix: a key that ends with the versionstamp of KV Connect",
  },
  calculate: {
    code: 12,
    access: "write",
    since: 2,
    fields: {
      key,
      how: choice(["sum", "min", "max"]),
      operand: value,
      lowest: value,
      highest: value,
      clamp: flag,
    },
    later: { code: 12 + LATER, since: 3, fields: endings },
    result: { version: whole },
    meaning:
      "adds to, lowers or raises the number of a key in one of the encodings of KV Connect " +
      "([connect.md](connect.md)); a sum that leaves its bounds is refused, or becomes the " +
      "bound; empty bounds are none",
  },
  grant: {
    code: 13,
    access: "write",
    since: 3,
    fields: { lease, ttl },
    result: { created: flag },
    meaning:
      "begins a lease with this number and time to live, or renews it with a new time to live",
  },
  renew: {
    code: 14,
    access: "write",
    since: 3,
    fields: { leases: leaseNumbers },
    result: { gone: leaseNumbers },
    meaning: "gives leases their whole time to live again; names those that have ended",
  },
  revoke: {
    code: 15,
    access: "write",
    since: 3,
    fields: { lease },
    result: { existed: flag, count: whole },
    meaning: "ends a lease and removes its keys; beyond a thousand of them the rest follows soon",
  },
  leases: {
    code: 16,
    access: "read",
    since: 3,
    fields: { from: leaseOrNone, limit: limit(1000) },
    result: { leases: foundLeases, next: leaseOrNone },
    meaning: "lists leases in the order of their numbers, with what is left of each at the last " +
      "time of the log, and says where the rest begins",
  },
  get: {
    code: 8,
    access: "read",
    since: 2,
    fields: { key },
    result: { entry: entryOrNone },
    meaning: "reads a key",
  },
  range: {
    code: 9,
    access: "read",
    since: 2,
    fields: {
      start,
      end: bound,
      limit: limit(RANGE_KEYS_MAX),
      reverse: flag,
      show: choice(["entries", "keys"]),
    },
    result: { entries, next: bound },
    meaning:
      "reads the first keys of a range in order, or the last ones backwards, and says where " +
      "the rest begins (backwards: the end of the rest)",
  },
  count: {
    code: 10,
    access: "read",
    since: 2,
    fields: { start, end: bound },
    result: { count: whole, next: bound },
    meaning: "counts the keys of a range, up to 10,000, and says where the rest begins",
  },
};

/** One operation of a batch. */
export type Operation = {
  [Name in OperationName]: { readonly op: Name } & Readonly<OperationTypes[Name][0]>;
}[OperationName];

/** The operation of this name. */
export type OperationOf<Name extends OperationName> = Extract<Operation, { readonly op: Name }>;

/** What an operation answers. */
export type Result = {
  [Name in OperationName]: { readonly op: Name } & Readonly<OperationTypes[Name][1]>;
}[OperationName];

/** What the operation of this name answers. */
export type ResultOf<Name extends OperationName> = Extract<Result, { readonly op: Name }>;

/** The names of all operations. */
export const operationNames = Object.keys(OPERATIONS) as readonly OperationName[];

/** The lease that an operation gives to what it writes; 0: none. */
export function leaseGivenBy(operation: Operation): number {
  const { later } = OPERATIONS[operation.op];
  if (later === undefined || !("lease" in later.fields)) return 0;
  return (operation as { readonly lease?: number }).lease ?? 0;
}

/** Whether every server of the cluster can do without a log entry for it. */
export function isRead({ op }: Operation): boolean {
  return OPERATIONS[op].access === "read";
}
