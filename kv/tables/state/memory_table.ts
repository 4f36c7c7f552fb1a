/**
 * The newest writes, in memory, until a table file holds them. A `Map` takes a write in a microsecond
 * (`memory_table_bench.ts` compares); the order of its keys is made little by little.
 *
 * @module
 */

import type { Entry } from "../files/mod.ts";
import { SortedKeys } from "./sorted_keys.ts";

/** What an entry costs beside its key and value, roughly. */
const ENTRY_OVERHEAD_BYTES = 120;

/** A version of a key, and what it replaced. */
export interface Version {
  readonly entry: Entry;
  older: Version | null;
}

/** Versions of keys, the newest of each first. */
export class MemoryTable {
  readonly #newest = new Map<string, Version>();
  readonly #keys = new SortedKeys();
  #bytes = 0;
  #lastRevision = 0;

  /** About how much memory the entries take. */
  get bytes(): number {
    return this.#bytes;
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
  add(entry: Entry): Version {
    const before = this.#newest.get(entry.key) ?? null;
    let older = before;
    if (before !== null && before.entry.revision === entry.revision) {
      older = before.older;
      before.older = null;
    }
    if (before === null) this.#keys.add(entry.key);
    const version = { entry, older };
    this.#newest.set(entry.key, version);
    this.#bytes += bytesOf(entry);
    this.#lastRevision = entry.revision;
    return version;
  }

  /** The newest version of the key that is no newer than the revision, a deletion included. */
  get(key: string, revision: number): Entry | null {
    let version = this.#newest.get(key) ?? null;
    while (version !== null && version.entry.revision > revision) version = version.older;
    return version?.entry ?? null;
  }

  /** Forgets what a version replaced. */
  cut(version: Version): void {
    for (let older = version.older; older !== null; older = older.older) {
      this.#bytes -= bytesOf(older.entry);
    }
    version.older = null;
  }

  /** Forgets a key. */
  remove(key: string): void {
    let version = this.#newest.get(key) ?? null;
    if (version !== null) this.#keys.remove(key);
    this.#newest.delete(key);
    for (; version !== null; version = version.older) this.#bytes -= bytesOf(version.entry);
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
