/**
 * The latest groups of changes, for watches that begin in the past or fell behind. All watches share
 * them, and their bytes are bounded.
 *
 * Invariant: every group with a revision after `oldest` is here, in order.
 *
 * @module
 */

import type { ChangeGroup } from "../store/mod.ts";
import { bytesOf } from "./changes.ts";

/** Free places at the front are released when there are so many. */
const FREE_MAX = 4096;

/** Groups in the order of their revisions. Each has a number, which grows by one from group to group. */
export class RecentGroups {
  readonly #bytesMax: number;
  #groups: (ChangeGroup | undefined)[] = [];
  /** Places before this one are free. */
  #start = 0;
  /** The number of the group at place 0. */
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
    return this.#base + this.#groups.length;
  }

  /** About how much memory the groups take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds the next group and forgets the oldest ones beyond the limit, if need be this one too. */
  push(group: ChangeGroup): void {
    this.#groups.push(group);
    this.#bytes += bytesOf(group);
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#groups[this.#start]!;
      this.#groups[this.#start++] = undefined;
      this.#bytes -= bytesOf(oldest);
      this.#oldest = oldest.revision;
    }
    if (this.#start < FREE_MAX || this.#start < this.#groups.length / 2) return;
    this.#groups = this.#groups.slice(this.#start);
    this.#base += this.#start;
    this.#start = 0;
  }

  /** The group of this number, which must be here. */
  at(number: number): ChangeGroup {
    return this.#groups[number - this.#base]!;
  }

  /** The number of the first group after a revision, which is not older than `oldest`. */
  after(revision: number): number {
    let low = this.#start;
    let high = this.#groups.length;
    while (low < high) {
      const middle = low + high >>> 1;
      if (this.#groups[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#base + low;
  }

  /** Forgets all groups: an image has put the state at this revision, without the changes before it. */
  reset(revision: number): void {
    // A number that was the end before is not here any more either.
    this.#base = this.end + 1;
    this.#groups = [];
    this.#start = 0;
    this.#bytes = 0;
    this.#oldest = revision;
  }
}
