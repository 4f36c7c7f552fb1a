/**
 * The newest writes, in memory, until a table file holds them. A `Map` takes a write in a microsecond
 * and is sorted once, when its content is needed in order (`memory_table_bench.ts` compares).
 *
 * @module
 */

import type { Entry } from "./files/mod.ts";

/** What an entry costs beside its key and value, roughly. */
const ENTRY_OVERHEAD_BYTES = 120;

interface Node {
  readonly entry: Entry;
  readonly older: Node | null;
}

/** Versions of keys, the newest of each first. */
export class MemoryTable {
  readonly #nodes = new Map<string, Node>();
  #bytes = 0;
  #sorted: string[] | null = null;
  #lastRevision = 0;

  /** About how much memory the entries take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The revision of the newest entry, or 0. */
  get lastRevision(): number {
    return this.#lastRevision;
  }

  /** How many keys have an entry here. */
  get size(): number {
    return this.#nodes.size;
  }

  /** Adds a version. Revisions never go back; of two with the same revision and key the later counts. */
  add(entry: Entry): void {
    const before = this.#nodes.get(entry.key) ?? null;
    const older = before?.entry.revision === entry.revision ? before.older : before;
    if (before === null) this.#sorted = null;
    this.#nodes.set(entry.key, { entry, older });
    this.#bytes += ENTRY_OVERHEAD_BYTES + entry.key.length + (entry.value?.length ?? 0);
    this.#lastRevision = entry.revision;
  }

  /** The newest version of the key that is no newer than the revision, a deletion included. */
  get(key: string, revision: number): Entry | null {
    let node = this.#nodes.get(key) ?? null;
    while (node !== null && node.entry.revision > revision) node = node.older;
    return node?.entry ?? null;
  }

  /** All versions from a key on, in order: keys upward, versions of one key from new to old. */
  *entries(from: string): Generator<Entry, void, void> {
    const keys = this.#sorted ??= [...this.#nodes.keys()].sort();
    for (let place = firstFrom(keys, from); place < keys.length; place++) {
      let node: Node | null = this.#nodes.get(keys[place]!) ?? null;
      for (; node !== null; node = node.older) yield node.entry;
    }
  }
}

/** The place of the first of the sorted keys that is not before the key. */
function firstFrom(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = low + high >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
