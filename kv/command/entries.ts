/**
 * Entries in the results of reads: a key with its value and all that the store knows of it.
 *
 * @module
 */

import { type Key, MalformedBytes, type Reader, type Writer } from "./bytes.ts";
import { type Field, type Json, key, value, whole } from "./fields.ts";

/** A key, as a read returns it. */
export interface FoundEntry {
  /** The key. */
  readonly key: Key;
  /** `null`: only keys were asked for. */
  readonly value: Uint8Array | null;
  /** The number of writes that the key has had, deletions included. */
  readonly version: number;
  /** The revision of the write that created the key. */
  readonly created: number;
  /** The revision of the last write. */
  readonly revision: number;
  /** When it ends, in milliseconds since 1970; only of a key that ends. */
  readonly expires?: number;
  /** The lease that it ends with; only of a key that has one. */
  readonly lease?: number;
}

/** At most this many entries are in one list. */
const ENTRIES_MAX = 1000;

/** What an entry takes beside its key and value. */
export const ENTRY_HEAD_BYTES = 2 + 3 * 8 + 1 + 4 + 16;

/** What follows the numbers of an entry. */
const FLAGS = { value: 1, lease: 2, expires: 4 } as const;

function writeEntry(to: Writer, entry: FoundEntry): void {
  key.write(to, entry.key);
  whole.write(to, entry.version);
  whole.write(to, entry.created);
  whole.write(to, entry.revision);
  const { lease, expires } = entry;
  to.u8(
    (entry.value === null ? 0 : FLAGS.value) | (lease === undefined ? 0 : FLAGS.lease) |
      (expires === undefined ? 0 : FLAGS.expires),
  );
  if (lease !== undefined) whole.write(to, lease);
  if (expires !== undefined) whole.write(to, expires);
  if (entry.value !== null) value.write(to, entry.value);
}

function readEntry(from: Reader): FoundEntry {
  const name = key.read(from);
  const version = whole.read(from);
  const created = whole.read(from);
  const revision = whole.read(from);
  const flags = from.u8();
  if (flags > 7) throw new MalformedBytes(`wanted known flags, got ${flags}`);
  const lease = (flags & FLAGS.lease) === 0 ? null : whole.read(from);
  const expires = (flags & FLAGS.expires) === 0 ? null : whole.read(from);
  const content = (flags & FLAGS.value) === 0 ? null : value.read(from);
  const entry = { key: name, value: content, version, created, revision };
  // Most entries have neither, and a spread of nothing costs as much as all else.
  if (lease === null && expires === null) return entry;
  return { ...entry, ...lease === null ? {} : { lease }, ...expires === null ? {} : { expires } };
}

function isEntry(entry: unknown): entry is FoundEntry {
  if (typeof entry !== "object" || entry === null) return false;
  const { version, created, revision, ...rest } = entry as FoundEntry;
  const isCounted = whole.is(version) && whole.is(created) && whole.is(revision) &&
    (rest.expires === undefined || whole.is(rest.expires)) &&
    (rest.lease === undefined || whole.is(rest.lease));
  return isCounted && key.is(rest.key) && (rest.value === null || value.is(rest.value));
}

function entryToJson(entry: FoundEntry): Json {
  const { version, created, revision, lease, expires } = entry;
  const end = {
    ...lease === undefined ? {} : { lease },
    ...expires === undefined ? {} : { expires },
  };
  const content = entry.value === null ? {} : { value: value.toJson(entry.value) };
  return { key: key.toJson(entry.key), ...content, version, created, revision, ...end };
}

function entryFromJson(json: unknown): unknown {
  if (typeof json !== "object" || json === null) return json;
  const fields = json as Readonly<Record<string, unknown>>;
  return {
    key: key.fromJson(fields.key),
    value: fields.value === undefined ? null : value.fromJson(fields.value),
    version: fields.version,
    created: fields.created,
    revision: fields.revision,
    ...fields.lease === undefined ? {} : { lease: fields.lease },
    ...fields.expires === undefined ? {} : { expires: fields.expires },
  };
}

const LAYOUT = "length of the key (`u16`), key, version (`u64`), created (`u64`), " +
  "revision (`u64`), flags (`u8`: 1 value, 2 lease, 4 end), lease (`u64`), end (`u64`), value (length `u32`, bytes)";

/** What a get found. */
export const entryOrNone: Field<FoundEntry | null> = {
  wanted: "an entry or null",
  layout: `\`0\`, or \`1\` and the entry: ${LAYOUT}`,
  is: (entry): entry is FoundEntry | null => entry === null || isEntry(entry),
  write: (to, entry) => {
    to.u8(entry === null ? 0 : 1);
    if (entry !== null) writeEntry(to, entry);
  },
  read: (from) => {
    const count = from.u8();
    if (count > 1) throw new MalformedBytes(`wanted 0 or 1, got ${count}`);
    return count === 0 ? null : readEntry(from);
  },
  toJson: (entry) => entry === null ? null : entryToJson(entry),
  fromJson: entryFromJson,
};

/** What a range found. */
export const entries: Field<readonly FoundEntry[]> = {
  wanted: `at most ${ENTRIES_MAX} entries`,
  layout: "count (`u16`), entries",
  is: (list): list is readonly FoundEntry[] => {
    return Array.isArray(list) && list.length <= ENTRIES_MAX && list.every(isEntry);
  },
  write: (to, list) => {
    to.u16(list.length);
    for (const entry of list) writeEntry(to, entry);
  },
  read: (from) => {
    const count = from.u16();
    if (count > ENTRIES_MAX) throw new MalformedBytes(`wanted ${entries.wanted}, got ${count}`);
    return Array.from({ length: count }, () => readEntry(from));
  },
  toJson: (list) => list.map(entryToJson),
  fromJson: (json) => Array.isArray(json) ? json.map(entryFromJson) : json,
};
