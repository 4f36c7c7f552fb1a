/**
 * The messages of KV Connect's data path. The names follow its specification; the numbers of fields
 * and enumerations are those of its format.
 *
 * @module
 */

import {
  bytes,
  type Contents,
  flag,
  int,
  long,
  many,
  manyBytes,
  manyInts,
  MessageType,
  one,
} from "./protobuf/mod.ts";

/** What one request may hold: the limits that clients of KV Connect know, and count on. */
export const CONNECT_LIMITS = {
  /** Keys that are written. */
  writeKeyBytes: 2048,
  /** Keys that are read; the end of a prefix is one byte longer. */
  readKeyBytes: 2049,
  valueBytes: 65_536,
  ranges: 10,
  /** Entries of all ranges together. */
  entries: 1000,
  checks: 100,
  /** Mutations and enqueues together. */
  mutations: 1000,
  /** Keys, values and payloads of one write. */
  writeBytes: 819_200,
  watchedKeys: 10,
  undeliveredKeys: 10,
  backoffs: 10,
  backoffMs: 3_600_000,
  delayMs: 30 * 24 * 60 * 60 * 1000,
  /** A whole body. */
  bodyBytes: 2 ** 21,
} as const;

/** What becomes of a read. */
export const READ_STATUS = { unspecified: 0, success: 1, disabled: 2 } as const;

/** What becomes of a write. */
export const WRITE_STATUS = { unspecified: 0, success: 1, checkFailure: 2, disabled: 5 } as const;

/** What a mutation does. */
export const MUTATION = {
  set: 1,
  delete: 2,
  sum: 3,
  max: 4,
  min: 5,
  setSuffixVersionstampedKey: 9,
} as const;

const ReadRange = new MessageType("ReadRange", {
  start: bytes(1),
  end: bytes(2),
  limit: int(3),
  reverse: flag(4),
});

/** A request to read some ranges at one revision. */
export const SnapshotRead = new MessageType("SnapshotRead", {
  ranges: many(1, ReadRange, CONNECT_LIMITS.ranges),
});

const KvEntry = new MessageType("KvEntry", {
  key: bytes(1),
  value: bytes(2),
  encoding: int(3),
  versionstamp: bytes(4),
});

const ReadRangeOutput = new MessageType("ReadRangeOutput", {
  values: many(1, KvEntry, CONNECT_LIMITS.entries),
});

/** The answer to a read. */
export const SnapshotReadOutput = new MessageType("SnapshotReadOutput", {
  ranges: many(1, ReadRangeOutput, CONNECT_LIMITS.ranges),
  readDisabled: flag(2),
  readIsStronglyConsistent: flag(4),
  status: int(8),
});

const KvValue = new MessageType("KvValue", { data: bytes(1), encoding: int(2) });

const Check = new MessageType("Check", { key: bytes(1), versionstamp: bytes(2) });

const Mutation = new MessageType("Mutation", {
  key: bytes(1),
  value: one(2, KvValue),
  mutationType: int(3),
  expireAtMs: long(4),
  sumMin: bytes(5),
  sumMax: bytes(6),
  sumClamp: flag(7),
});

/** A message for a queue. It is stored in this form. */
export const Enqueue = new MessageType("Enqueue", {
  payload: bytes(1),
  deadlineMs: long(2),
  keysIfUndelivered: manyBytes(3, CONNECT_LIMITS.undeliveredKeys),
  backoffSchedule: manyInts(4, CONNECT_LIMITS.backoffs),
});

/** A request to write. */
export const AtomicWrite = new MessageType("AtomicWrite", {
  checks: many(1, Check, CONNECT_LIMITS.checks),
  mutations: many(2, Mutation, CONNECT_LIMITS.mutations),
  enqueues: many(3, Enqueue, CONNECT_LIMITS.mutations),
});

/** The answer to a write. */
export const AtomicWriteOutput = new MessageType("AtomicWriteOutput", {
  status: int(1),
  versionstamp: bytes(2),
  failedChecks: manyInts(4, CONNECT_LIMITS.checks),
});

const WatchKey = new MessageType("WatchKey", { key: bytes(1) });

/** A request to watch some keys. */
export const Watch = new MessageType("Watch", {
  keys: many(1, WatchKey, CONNECT_LIMITS.watchedKeys),
});

const WatchKeyOutput = new MessageType("WatchKeyOutput", {
  changed: flag(1),
  entryIfChanged: one(2, KvEntry),
});

/** One message of a watch: what the keys are. */
export const WatchOutput = new MessageType("WatchOutput", {
  status: int(1),
  keys: many(2, WatchKeyOutput, CONNECT_LIMITS.watchedKeys),
});

/** What a kind of message holds. */
export type MessageOf<Type> = Type extends MessageType<infer F> ? Contents<F> : never;

/** An entry as clients get it. */
export type KvEntryMessage = MessageOf<typeof KvEntry>;

/** A range as clients ask for it. */
export type ReadRangeMessage = MessageOf<typeof ReadRange>;

/** A mutation as clients send it. */
export type MutationMessage = MessageOf<typeof Mutation>;
