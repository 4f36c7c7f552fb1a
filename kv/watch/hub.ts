/**
 * All watches of one server. It is given every group of changes that the server applies, finds the
 * watches that asked for them without a look at all watches, and keeps the latest groups for those
 * that begin in the past.
 *
 * Watches on the same ranges are one topic: a group is made once for all of them.
 *
 * @module
 */

import type { Change, ChangeGroup } from "../store/mod.ts";
import { type KeyRange, nameOfRanges, normalRanges } from "./key_ranges.ts";
import { RangeIndex } from "./range_index.ts";
import { RecentGroups } from "./recent_groups.ts";
import { type Shared, Watch } from "./watch.ts";

/** What watches may hold. */
export interface WatchLimits {
  /** The latest groups, which all watches share. @default {32 MiB} */
  readonly recentBytesMax: number;
  /** Groups that wait for one reader; more of them are read from the latest groups. @default {1000} */
  readonly queueGroupsMax: number;
  /** Bytes that wait for one reader; a single group may be longer. @default {1 MiB} */
  readonly queueBytesMax: number;
  /** Bytes that wait for all readers. @default {64 MiB} */
  readonly queuedBytesMax: number;
  /** Watches at a time. @default {100000} */
  readonly watchesMax: number;
}

/** The default of every limit. */
export const WATCH_LIMITS: WatchLimits = {
  recentBytesMax: 32 * 2 ** 20,
  queueGroupsMax: 1000,
  queueBytesMax: 2 ** 20,
  queuedBytesMax: 64 * 2 ** 20,
  watchesMax: 100_000,
};

/** What to watch. */
export interface WatchRequest {
  readonly ranges: readonly KeyRange[];
  /** The changes after this revision; `null`: the changes from now on. */
  readonly from: number | null;
  /** Called when there is something to take and was nothing before. It must not throw. */
  readonly wake: () => void;
}

/** Why there is no watch. */
export type WatchRefusal =
  /** What follows the revision is gone; this is the oldest revision to watch from. */
  | { readonly kind: "compacted"; readonly oldest: number }
  /** There are too many watches. */
  | { readonly kind: "overloaded" };

interface Topic {
  readonly name: string;
  readonly ranges: readonly KeyRange[];
  readonly watches: Set<Watch>;
  /** What the group that is being recorded changes in these ranges. */
  changes: Change[];
}

/** Brings changes to watches. */
export class WatchHub {
  readonly #limits: WatchLimits;
  readonly #recent: RecentGroups;
  readonly #index = new RangeIndex<Topic>();
  readonly #topics = new Map<string, Topic>();
  readonly #shared: Shared;
  #watches = 0;
  #queuedBytes = 0;
  #revision: number;

  /** Without watches, at a revision whose history is not known here. */
  constructor(revision = 0, limits: Partial<WatchLimits> = {}) {
    this.#limits = { ...WATCH_LIMITS, ...limits };
    this.#revision = revision;
    this.#recent = new RecentGroups(this.#limits.recentBytesMax, revision);
    const revisionNow = (): number => this.#revision;
    this.#shared = {
      recent: this.#recent,
      limits: this.#limits,
      get revision(): number {
        return revisionNow();
      },
      reserve: (bytes) => {
        if (this.#queuedBytes + bytes > this.#limits.queuedBytesMax) return false;
        this.#queuedBytes += bytes;
        return true;
      },
      release: (bytes) => void (this.#queuedBytes -= bytes),
    };
  }

  /** Everything up to this revision was recorded. */
  get revision(): number {
    return this.#revision;
  }

  /** The oldest revision to watch from. */
  get oldest(): number {
    return this.#recent.oldest;
  }

  /** The number of watches. */
  get size(): number {
    return this.#watches;
  }

  /** About how much memory it all takes. */
  get bytes(): number {
    return this.#recent.bytes + this.#queuedBytes;
  }

  /** Begins a watch, or says why there is none. */
  open({ ranges, from, wake }: WatchRequest): Watch | WatchRefusal {
    if (this.#watches >= this.#limits.watchesMax) return { kind: "overloaded" };
    if (from !== null && from < this.oldest) return { kind: "compacted", oldest: this.oldest };
    const topic = this.#topic(normalRanges(ranges));
    const watch = new Watch({
      shared: this.#shared,
      ranges: topic.ranges,
      from: from ?? this.#revision,
      wake,
      closed: (closed) => this.#leave(topic, closed),
    });
    topic.watches.add(watch);
    this.#watches++;
    return watch;
  }

  /** Takes the changes of the next revision that changes anything. */
  record(group: ChangeGroup): void {
    this.#revision = group.revision;
    this.#recent.push(group);
    if (this.#watches === 0) return;
    const touched: Topic[] = [];
    for (const change of group.changes) {
      this.#index.find(change.entry.key, (topic) => {
        if (topic.changes.length === 0) touched.push(topic);
        topic.changes.push(change);
      });
    }
    for (const topic of touched) {
      const { changes } = topic;
      topic.changes = [];
      const isWhole = changes.length === group.changes.length;
      const part = isWhole ? group : { revision: group.revision, changes };
      for (const watch of topic.watches) watch.offer(part);
    }
  }

  /** Everything up to this revision was recorded; the latest revisions changed nothing. */
  advance(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  /** The state was replaced by that of a revision, and what led there is not known here. */
  reset(revision: number): void {
    for (const { watches } of this.#topics.values()) {
      for (const watch of watches) watch.jump(revision);
    }
    this.#recent.reset(revision);
    this.#revision = revision;
  }

  #topic(ranges: readonly KeyRange[]): Topic {
    const name = nameOfRanges(ranges);
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const topic: Topic = { name, ranges, watches: new Set(), changes: [] };
    this.#topics.set(name, topic);
    for (const range of ranges) this.#index.add(range, topic);
    return topic;
  }

  #leave(topic: Topic, watch: Watch): void {
    topic.watches.delete(watch);
    this.#watches--;
    if (topic.watches.size > 0) return;
    this.#topics.delete(topic.name);
    for (const range of topic.ranges) this.#index.remove(range, topic);
  }
}
