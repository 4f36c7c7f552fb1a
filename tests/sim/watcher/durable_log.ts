/**
 * The durable state of one server, updated by its saves: the watcher compares acknowledgements with
 * it. Unlike the product's storages it is changed in place, so that a save costs only its changes.
 *
 * @module
 */

import type {
  Entry,
  Index,
  Persistent,
  Position,
  Save,
  Snapshot,
  Term,
  Vote,
} from "../../../raft/mod.ts";
import { ORIGIN } from "../../../raft/core/mod.ts";

/** Bytes of an entry besides its command, about as in a file. */
const ENTRY_BYTES = 16;

/** A server's persistent state, growing with each save. */
export class DurableLog {
  #vote: Vote = { term: 0, votedFor: null };
  #snapshot: Snapshot | null = null;
  /** `#entries[place]` has index `base + 1 + place`. */
  #entries: Entry[] = [];
  #bytes = 0;

  get term(): Term {
    return this.#vote.term;
  }

  get vote(): Vote {
    return this.#vote;
  }

  get base(): Position {
    return this.#snapshot?.last ?? ORIGIN;
  }

  get last(): Position {
    return this.#entries.at(-1) ?? this.base;
  }

  /** Bytes of vote and entries. */
  get logBytes(): number {
    return ENTRY_BYTES + this.#bytes;
  }

  get snapshotBytes(): number {
    return this.#snapshot?.data.length ?? 0;
  }

  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  entryAt(index: Index): Entry | undefined {
    return this.#entries[index - this.base.index - 1];
  }

  /** The term at an index; `null`: beyond the end, or hidden in the snapshot. */
  termAt(index: Index): Term | null {
    if (index === this.base.index) return this.base.term;
    return this.entryAt(index)?.term ?? null;
  }

  /** Whether the log, or the prefix that the snapshot covers, contains the position. */
  holds({ index, term }: Position): boolean {
    return index < this.base.index || this.termAt(index) === term;
  }

  persistent(): Persistent {
    return { ...this.#vote, snapshot: this.#snapshot, entries: [...this.#entries] };
  }

  /** Applies the fields in the same order as `applySave`. */
  apply({ vote, snapshot, tail }: Save): void {
    if (vote !== null) this.#vote = vote;
    if (snapshot !== null) {
      const covered = snapshot.last.index - this.base.index;
      for (const entry of this.#entries.splice(0, covered)) this.#bytes -= bytesOf(entry);
      this.#snapshot = snapshot;
    }
    if (tail === null) return;
    const kept = tail.from - this.base.index - 1;
    for (const entry of this.#entries.splice(kept)) this.#bytes -= bytesOf(entry);
    for (const entry of tail.entries) {
      this.#entries.push(entry);
      this.#bytes += bytesOf(entry);
    }
  }

  /** Replaces the state by the one that a restart loaded. */
  replaceWith({ term, votedFor, snapshot, entries }: Persistent): void {
    this.#vote = { term, votedFor };
    this.#snapshot = snapshot;
    this.#entries = [...entries];
    this.#bytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0);
  }
}

function bytesOf({ data }: Entry): number {
  return ENTRY_BYTES + data.length;
}
