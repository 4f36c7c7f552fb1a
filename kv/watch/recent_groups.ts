/**
 * The latest groups of changes, for watches that begin in the past or fell behind. All watches share
 * them, and their bytes are bounded.
 *
 * Every write of a node passes here, whether there are watches or not. So the changes lie in plain
 * lists, and a group is made of them only for a watch that asks.
 *
 * Invariant: every group with a revision after `oldest` is here, in order.
 *
 * @module
 */

import type { Change, ChangeGroup } from "../store/mod.ts";
import type { Entry } from "../tables/mod.ts";
import { entryBytes } from "./changes.ts";

/** Free places at the front are released when there are so many. */
const FREE_MAX = 4096;

/** A value may keep so many bytes beside its own from being freed. */
const SHARED_BYTES_MAX = 1024;

/** Groups in the order of their revisions. The number of a group is that of its first change. */
export class RecentGroups {
  readonly #bytesMax: number;
  /** The changed entries of all groups; what they were before; and what each of them counts. */
  #entries: (Entry | null)[] = [];
  #previous: (Entry | null)[] = [];
  #sizes: number[] = [];
  /** Places before this one are free. */
  #start = 0;
  /** The number of the change at place 0. */
  #base = 0;
  #bytes = 0;
  #oldest: number;

  /** Keeps at most so many bytes. Nothing after the revision has happened yet. */
  constructor(bytesMax: number, revision: number) {
    this.#bytesMax = bytesMax;
    this.#oldest = revision;
  }

  /** Everything after this revision is here. */
  get oldest(): number {
    return this.#oldest;
  }

  /** The number of the oldest group that is here. */
  get first(): number {
    return this.#base + this.#start;
  }

  /** The number of the next group. */
  get end(): number {
    return this.#base + this.#entries.length;
  }

  /** About how much memory the groups take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds the next group and forgets the oldest ones beyond the limit, if need be this one too. */
  push({ changes }: ChangeGroup): void {
    for (const change of changes) this.#add(change);
    while (this.#bytes > this.#bytesMax) this.#drop();
    if (this.#start < FREE_MAX || this.#start < this.#entries.length / 2) return;
    this.#entries = this.#entries.slice(this.#start);
    this.#previous = this.#previous.slice(this.#start);
    this.#sizes = this.#sizes.slice(this.#start);
    this.#base += this.#start;
    this.#start = 0;
  }

  /** The group of this number, which must be here. */
  at(number: number): ChangeGroup {
    const place = number - this.#base;
    const { revision } = this.#entries[place]!;
    const changes: Change[] = [];
    for (let next = place; this.#entries[next]?.revision === revision; next++) {
      changes.push({ entry: this.#entries[next]!, previous: this.#previous[next]! });
    }
    return { revision, changes };
  }

  /** The number of the first group after a revision, which is not older than `oldest`. */
  after(revision: number): number {
    let low = this.#start;
    let high = this.#entries.length;
    while (low < high) {
      const middle = low + high >>> 1;
      if (this.#entries[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#base + low;
  }

  /** Forgets all groups: an image has put the state at this revision, without the changes before it. */
  reset(revision: number): void {
    // A number that was the end before is not here any more either.
    this.#base = this.end + 1;
    this.#entries = [];
    this.#previous = [];
    this.#sizes = [];
    this.#start = 0;
    this.#bytes = 0;
    this.#oldest = revision;
  }

  #add({ entry, previous }: Change): void {
    // What was written after `oldest` is here already, as the entry of an earlier change.
    const isOutside = previous !== null && previous.revision <= this.#oldest;
    const before = isOutside ? alone(previous) : previous;
    const size = entryBytes(entry) + (isOutside ? entryBytes(previous) : 0);
    this.#entries.push(entry);
    this.#previous.push(before);
    this.#sizes.push(size);
    this.#bytes += size;
  }

  /** Forgets the oldest group. */
  #drop(): void {
    const { revision } = this.#entries[this.#start]!;
    while (this.#entries[this.#start]?.revision === revision) {
      this.#bytes -= this.#sizes[this.#start]!;
      this.#entries[this.#start] = null;
      this.#previous[this.#start++] = null;
    }
    this.#oldest = revision;
  }
}

/** An entry that was read from a table, without the block that its value is a part of. */
function alone(entry: Entry): Entry {
  const { value } = entry;
  if (value === null || value.buffer.byteLength - value.length <= SHARED_BYTES_MAX) return entry;
  return { ...entry, value: value.slice() };
}
