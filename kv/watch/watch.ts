/**
 * One watch. It takes its groups from a short queue while its reader keeps up; a reader that does not
 * loses the queue and reads from the recent groups that all watches share, until it has caught up. So
 * a slow reader costs no more than a number.
 *
 * Invariant: the groups that were taken are all groups of its ranges from `from` to `upTo`, each once
 * and in order.
 *
 * @module
 */

import type { Change, ChangeGroup } from "../store/mod.ts";
import { bytesOf } from "./changes.ts";
import { hasKey, type KeyRange } from "./key_ranges.ts";
import type { RecentGroups } from "./recent_groups.ts";

/** What one step of catching up may look at, in changes: well under a millisecond. */
const STEP_CHANGES = 2000;

/** What a watch finds when its reader asks. */
export type Taken =
  | {
    readonly kind: "groups";
    readonly groups: readonly ChangeGroup[];
    /** Nothing is missing up to this revision. */
    readonly upTo: number;
    /** There may be more right now: ask again, and let others have the thread in between. */
    readonly hasMore: boolean;
  }
  /** What follows this revision is gone here. The watch has ended; another can resume from it. */
  | { readonly kind: "behind"; readonly revision: number };

/** What watches share. */
export interface Shared {
  readonly recent: RecentGroups;
  readonly limits: { readonly queueGroupsMax: number; readonly queueBytesMax: number };
  /** The revision up to which everything has been recorded. */
  readonly revision: number;
  /** Whether the queues of all watches may hold so many bytes more; counts them if so. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
}

/** What a watch is made of. */
export interface WatchOptions {
  readonly shared: Shared;
  /** In normal form. */
  readonly ranges: readonly KeyRange[];
  /** The changes after this revision. */
  readonly from: number;
  /** Called when there is something to take and was nothing before. It must not throw. */
  readonly wake: () => void;
  readonly closed: (watch: Watch) => void;
}

/** The changes of some ranges after a revision. */
export class Watch {
  readonly ranges: readonly KeyRange[];
  readonly #shared: Shared;
  readonly #wake: () => void;
  readonly #closed: (watch: Watch) => void;
  #queue: ChangeGroup[] = [];
  #queuedBytes = 0;
  /** While it catches up: the number of the next recent group. */
  #next: number | null;
  /** Everything up to this revision was taken; while nothing waits, more than that. */
  #taken: number;
  #isClosed = false;

  constructor({ shared, ranges, from, wake, closed }: WatchOptions) {
    this.#shared = shared;
    this.ranges = ranges;
    this.#wake = wake;
    this.#closed = closed;
    this.#taken = from;
    const next = shared.recent.after(from);
    this.#next = next === shared.recent.end ? null : next;
  }

  /** The reader has everything up to this revision. */
  get upTo(): number {
    const isIdle = this.#next === null && this.#queue.length === 0;
    return isIdle ? Math.max(this.#taken, this.#shared.revision) : this.#taken;
  }

  /** Whether there is, or may be, something to take. */
  get hasMore(): boolean {
    return !this.#isClosed && (this.#next !== null || this.#queue.length > 0);
  }

  /** Takes the next groups, until they hold so many bytes. */
  take(bytesMax: number): Taken {
    const groups: ChangeGroup[] = [];
    if (this.#next === null) this.#takeQueued(groups, bytesMax);
    else if (this.#next < this.#shared.recent.first) {
      this.close();
      return { kind: "behind", revision: this.#taken };
    } else this.#catchUp(this.#next, { groups, bytesMax });
    return { kind: "groups", groups, upTo: this.upTo, hasMore: this.hasMore };
  }

  /** A group of this watch, recorded right now. */
  offer(group: ChangeGroup): void {
    // A reader that comes from a node which is ahead has it already.
    if (this.#next !== null || group.revision <= this.#taken) return;
    const bytes = bytesOf(group);
    const wasIdle = this.#queue.length === 0;
    if (wasIdle) this.#taken = group.revision - 1;
    const { queueGroupsMax, queueBytesMax } = this.#shared.limits;
    const isFull = this.#queue.length >= queueGroupsMax ||
      !wasIdle && this.#queuedBytes + bytes > queueBytesMax;
    if (isFull || !this.#shared.reserve(bytes)) this.#leaveQueue();
    else {
      this.#queue.push(group);
      this.#queuedBytes += bytes;
    }
    if (wasIdle) this.#wake();
  }

  /** The state jumps to a revision, and the groups on the way there are not known here. */
  jump(revision: number): void {
    const { upTo } = this;
    if (upTo >= revision) return;
    this.#taken = upTo;
    this.#leaveQueue();
    this.#next = -1;
    this.#wake();
  }

  /** The part of a group that is in the ranges of this watch; `null`: none. */
  partOf(group: ChangeGroup): ChangeGroup | null {
    const changes: Change[] = group.changes.filter(({ entry }) => hasKey(this.ranges, entry.key));
    if (changes.length === group.changes.length) return group;
    return changes.length === 0 ? null : { revision: group.revision, changes };
  }

  /** Ends it: nothing wakes its reader any more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#leaveQueue();
    this.#closed(this);
  }

  /** What waits is found among the recent groups later. */
  #leaveQueue(): void {
    this.#shared.release(this.#queuedBytes);
    this.#queue = [];
    this.#queuedBytes = 0;
    const { recent } = this.#shared;
    this.#next = this.#taken < recent.oldest ? -1 : recent.after(this.#taken);
  }

  #takeQueued(groups: ChangeGroup[], bytesMax: number): void {
    let bytes = 0;
    let count = 0;
    for (const group of this.#queue) {
      if (bytes >= bytesMax) break;
      count++;
      groups.push(group);
      bytes += bytesOf(group);
      this.#taken = group.revision;
    }
    this.#queue.splice(0, count);
    this.#queuedBytes -= bytes;
    this.#shared.release(bytes);
  }

  #catchUp(
    from: number,
    { groups, bytesMax }: { readonly groups: ChangeGroup[]; readonly bytesMax: number },
  ): void {
    const { recent } = this.#shared;
    let bytes = 0;
    let looks = 0;
    let next = from;
    while (next < recent.end && bytes < bytesMax && looks < STEP_CHANGES) {
      const group = recent.at(next);
      next += group.changes.length;
      looks += group.changes.length;
      this.#taken = group.revision;
      const part = this.partOf(group);
      if (part === null) continue;
      groups.push(part);
      bytes += bytesOf(part);
    }
    this.#next = next === recent.end ? null : next;
  }
}
