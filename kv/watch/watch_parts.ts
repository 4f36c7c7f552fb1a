/**
 * The parts of a watch's stream. A group may be longer than a part, so parts are pieces of one
 * sequence of records.
 *
 * `docs/protocol.md` shows every byte.
 *
 * @module
 */

import { type Key, MalformedBytes, orNull, Reader, Writer } from "../command/mod.ts";
import type { Change, ChangeGroup } from "../store/mod.ts";
import { type Entry, KEY_BYTES_MAX } from "../tables/mod.ts";
import { type ChangeKind, kindOf } from "./changes.ts";
import { readKey, type WatchQuery, writeKey } from "./watch_codec.ts";

const RECORDS = { group: 0, change: 1, mark: 2 } as const;
const KINDS: readonly ChangeKind[] = ["put", "delete", "leaseEnd", "expired"];
const EMPTY = new Uint8Array(0);

/** What a client learns of one version of a key. */
export interface SeenEntry {
  /** As a binary string. */
  readonly key: Key;
  /** Empty if only keys were asked for. */
  readonly value: Uint8Array;
  /** The number of writes that the key has had. */
  readonly version: number;
  /** The revision of the write that created the key. */
  readonly created: number;
  /** The revision of this write. */
  readonly revision: number;
  /** When it ends, or was to end, in milliseconds since 1970; only of a key that ends. */
  readonly expires?: number;
  /** The lease that it ends or ended with; only of a key that has one. */
  readonly lease?: number;
}

/** One change as a client learns of it. */
export interface SeenChange extends SeenEntry {
  /** What happened to the key. */
  readonly kind: ChangeKind;
  /** `null`: the key did not exist, or the watch did not ask for previous entries. */
  readonly previous: SeenEntry | null;
}

/** All that one revision changed. Without changes: nothing is missing up to the revision. */
export interface SeenGroup {
  /** The log index of the write. */
  readonly revision: number;
  /** In the order in which the batch made them. */
  readonly changes: readonly SeenChange[];
}

/** What parts show of a change. */
type Shown = Pick<WatchQuery, "previous" | "keysOnly" | "ends">;

/** Which numbers follow a version that is shown with its end. */
const END_FLAGS = { lease: 1, expires: 2 } as const;

/** Writes groups into parts. */
export class PartWriter {
  readonly #query: Shown;
  #groups: readonly ChangeGroup[] = [];
  #group = 0;
  /** The next change of that group. */
  #change = 0;

  constructor(query: Shown) {
    this.#query = query;
  }

  /** Whether all groups were written to their ends. */
  get isDone(): boolean {
    return this.#group === this.#groups.length;
  }

  /** The groups to write next; those before must be done. */
  give(groups: readonly ChangeGroup[]): void {
    this.#groups = groups;
    this.#group = this.#change = 0;
  }

  /** The next part: of about so many bytes, if it is not the last one. */
  write(bytes: number): Uint8Array {
    const to = new Writer();
    while (!this.isDone && to.length < bytes) {
      const { revision, changes } = this.#groups[this.#group]!;
      if (this.#change === 0) {
        to.u8(RECORDS.group);
        to.u64(revision);
        to.u32(changes.length);
      }
      // The first change leaves with the head of its group, so that no part begins the group again.
      do {
        this.#writeChange(to, changes[this.#change++]!);
      } while (this.#change < changes.length && to.length < bytes);
      if (this.#change < changes.length) break;
      this.#group++;
      this.#change = 0;
    }
    return to.finish();
  }

  #writeChange(to: Writer, { entry, previous }: Change): void {
    to.u8(RECORDS.change);
    to.u8(KINDS.indexOf(kindOf(entry)));
    writeKey(to, entry.key);
    this.#writeVersion(to, entry);
    const isShown = this.#query.previous && previous !== null && previous.value !== null;
    to.u8(isShown ? 1 : 0);
    if (!isShown) return;
    to.u64(previous.revision);
    this.#writeVersion(to, previous);
  }

  #writeVersion(to: Writer, { version, created, value, lease, expires }: Entry): void {
    const bytes = this.#query.keysOnly || value === null ? EMPTY : value;
    to.u64(version);
    to.u64(created);
    if (this.#query.ends) {
      to.u8((lease > 0 ? END_FLAGS.lease : 0) | (expires > 0 ? END_FLAGS.expires : 0));
      if (lease > 0) to.u64(lease);
      if (expires > 0) to.u64(expires);
    }
    to.u32(bytes.length);
    to.bytes(bytes);
  }
}

/** A part that says that nothing is missing up to a revision. */
export function encodeMark(revision: number): Uint8Array {
  const to = new Writer();
  to.u8(RECORDS.mark);
  to.u64(revision);
  return to.finish();
}

/** Puts parts together to groups. */
export class PartReader {
  readonly #hasEnds: boolean;
  /** The group that is not complete yet. */
  #revision = 0;
  #changes: SeenChange[] = [];
  #missing = 0;

  /** Reads what was asked for with this query. */
  constructor({ ends = false }: Pick<WatchQuery, "ends"> = {}) {
    this.#hasEnds = ends;
  }

  /** The groups that this part completes, or `null`: it is no part of a watch. Values are views. */
  read(bytes: Uint8Array): readonly SeenGroup[] | null {
    return orNull(() => {
      const groups: SeenGroup[] = [];
      const from = new Reader(bytes);
      while (from.left > 0) {
        const group = this.#record(from);
        if (group !== null) groups.push(group);
      }
      return groups;
    });
  }

  #record(from: Reader): SeenGroup | null {
    const code = from.u8();
    if ((code === RECORDS.change) !== this.#missing > 0) {
      throw new MalformedBytes(`wanted ${this.#missing} changes, got a record of type ${code}`);
    }
    switch (code) {
      case RECORDS.mark:
        return { revision: from.u64(), changes: [] };
      case RECORDS.group:
        this.#revision = from.u64();
        this.#missing = from.u32();
        if (this.#missing === 0) throw new MalformedBytes("wanted changes, got none");
        this.#changes = [];
        return null;
      case RECORDS.change:
        this.#changes.push(this.#change(from));
        if (--this.#missing > 0) return null;
        return { revision: this.#revision, changes: this.#changes };
      default:
        throw new MalformedBytes(`wanted a known record, got ${code}`);
    }
  }

  #change(from: Reader): SeenChange {
    const kind = KINDS[from.u8()];
    if (kind === undefined) throw new MalformedBytes("wanted a known kind of change");
    const key = readKey(from, KEY_BYTES_MAX);
    const entry = this.#version(from, { key, revision: this.#revision });
    const isShown = from.u8() === 1;
    const previous = isShown ? this.#version(from, { key, revision: from.u64() }) : null;
    return { ...entry, kind, previous };
  }

  #version(
    from: Reader,
    { key, revision }: { readonly key: Key; readonly revision: number },
  ): SeenEntry {
    const version = from.u64();
    const created = from.u64();
    const flags = this.#hasEnds ? from.u8() : 0;
    if (flags > 3) throw new MalformedBytes(`wanted known flags, got ${flags}`);
    const lease = (flags & END_FLAGS.lease) === 0 ? {} : { lease: from.u64() };
    const expires = (flags & END_FLAGS.expires) === 0 ? {} : { expires: from.u64() };
    const value = from.bytes(from.u32());
    return { key, revision, version, created, value, ...lease, ...expires };
  }
}
