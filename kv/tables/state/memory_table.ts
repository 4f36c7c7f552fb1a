/**
 * The newest writes, in memory, until a table file holds them. A `Map` takes a write in a microsecond
 * (`memory_table_bench.ts` compares); the order of its keys is made little by little.
 *
 * @module
 */

import type { Entry } from "../files/mod.ts";
import { isVisible, type Keep } from "../merges/mod.ts";
import { SortedKeys } from "./sorted_keys.ts";

/** What an entry costs beside its key and value, roughly. */
const ENTRY_OVERHEAD_BYTES = 120;

/** A version of a key, and what it replaced. */
interface Version {
  readonly entry: Entry;
  older: Version | null;
}

/** Free places at the front are released when there are so many. */
const FREE_MAX = 1024;

/** Versions of keys, the newest of each first. */
export class MemoryTable {
  readonly #newest = new Map<string, Version>();
  readonly #keys = new SortedKeys();
  /** Versions that replaced others, in the order of their revisions, from a place on. */
  #replacing: (Version | null)[] = [];
  #firstReplacing = 0;
  #bytes = 0;
  /** The part of `#bytes` that versions take which were replaced. */
  #replacedBytes = 0;
  #firstRevision = Infinity;
  #lastRevision = 0;

  /** About how much memory the entries take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The part of it that the newest versions take. */
  get newestBytes(): number {
    return this.#bytes - this.#replacedBytes;
  }

  /** The revision of the first entry that was added, or `Infinity`. */
  get firstRevision(): number {
    return this.#firstRevision;
  }

  /** The revision of the newest entry, or 0. */
  get lastRevision(): number {
    return this.#lastRevision;
  }

  /** The number of keys that have an entry here. */
  get size(): number {
    return this.#newest.size;
  }

  /** Adds a version. Revisions never go back; of two with the same revision and key the later counts. */
  add(entry: Entry): void {
    const before = this.#newest.get(entry.key) ?? null;
    let older = before;
    if (before !== null && before.entry.revision === entry.revision) {
      older = before.older;
      before.older = null;
      this.#bytes -= bytesOf(before.entry);
    } else if (before !== null) this.#replacedBytes += bytesOf(before.entry);
    if (before === null) this.#keys.add(entry.key);
    const version = { entry, older };
    this.#newest.set(entry.key, version);
    if (older !== null) this.#replacing.push(version);
    this.#bytes += bytesOf(entry);
    this.#firstRevision = Math.min(this.#firstRevision, entry.revision);
    this.#lastRevision = entry.revision;
  }

  /** The newest version of the key that is no newer than the revision, a deletion included. */
  get(key: string, revision: number): Entry | null {
    let version = this.#newest.get(key) ?? null;
    while (version !== null && version.entry.revision > revision) version = version.older;
    return version?.entry ?? null;
  }

  /** Forgets versions that no reader can see any more. The horizon never goes back. */
  forget(keep: Pick<Keep, "horizon" | "held">): void {
    for (; this.#firstReplacing < this.#replacing.length; this.#firstReplacing++) {
      const version = this.#replacing[this.#firstReplacing]!;
      if (version.entry.revision > keep.horizon) break;
      this.#replacing[this.#firstReplacing] = null;
      this.#cut(version, keep);
    }
    if (this.#firstReplacing < FREE_MAX || this.#firstReplacing * 2 < this.#replacing.length) {
      return;
    }
    this.#replacing = this.#replacing.slice(this.#firstReplacing);
    this.#firstReplacing = 0;
  }

  /** Forgets what a version replaced, but for what is held. A reader may stand at any of it. */
  #cut(version: Version, keep: Pick<Keep, "horizon" | "held">): void {
    let last = version;
    let next = version.entry.revision;
    for (let older = version.older; older !== null; older = older.older) {
      const { entry } = older;
      if (isVisible(entry.revision, next, keep)) last = last.older = older;
      else {
        this.#bytes -= bytesOf(entry);
        this.#replacedBytes -= bytesOf(entry);
      }
      next = entry.revision;
    }
    last.older = null;
  }

  /** Forgets a key. */
  remove(key: string): void {
    let version = this.#newest.get(key) ?? null;
    if (version !== null) this.#keys.remove(key);
    this.#newest.delete(key);
    for (let isNewest = true; version !== null; version = version.older) {
      const bytes = bytesOf(version.entry);
      this.#bytes -= bytes;
      if (!isNewest) this.#replacedBytes -= bytes;
      isNewest = false;
    }
  }

  /** All versions from a key on, in order: keys upward, versions of one key from new to old. */
  *entries(from: string): Generator<Entry, void, void> {
    for (const key of this.#keys.upward(from)) {
      let version = this.#newest.get(key) ?? null;
      for (; version !== null; version = version.older) yield version.entry;
    }
  }

  /** All versions of the keys before one in reverse order: keys downward, versions from old to new. */
  *entriesBack(to: string | null): Generator<Entry, void, void> {
    for (const key of this.#keys.downward(to)) {
      const versions: Entry[] = [];
      let version = this.#newest.get(key) ?? null;
      for (; version !== null; version = version.older) versions.push(version.entry);
      yield* versions.reverse();
    }
  }
}

function bytesOf({ key, value }: Entry): number {
  return ENTRY_OVERHEAD_BYTES + key.length + (value?.length ?? 0);
}
