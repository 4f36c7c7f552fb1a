/**
 * The watches of one node. It serves them from its own applied state, as leader or as follower.
 *
 * A node that hears of no leader may be cut off, and one whose state is old is far behind: after a
 * while it sends its watches away, as another node may know more. What it has sent until then is true
 * and complete all the same.
 *
 * @module
 */

import type { Clock, Timer } from "../../raft/mod.ts";
import type { KvStore } from "../store/mod.ts";
import {
  decodeWatch,
  encodeMark,
  encodeWatchEnd,
  PartWriter,
  Watch,
  type WatchEnd,
  WatchHub,
  type WatchLimits,
  type WatchQuery,
} from "../watch/mod.ts";

/** Options of a {@linkcode WatchServer}. */
export interface WatchServerOptions {
  /** Whose changes are watched. The server becomes its observer. */
  readonly store: Pick<KvStore, "revision" | "observe">;
  /** Paces marks. */
  readonly clock: Pick<Clock, "now" | "after">;
  /** Whether the node knows of a leader that is alive. */
  readonly hasLeader: () => boolean;
  /** How long ago the state of the node was certainly the newest; `null`: unknown. */
  readonly ageMs: () => number | null;
  /** What differs from the usual limits. */
  readonly limits?: Partial<WatchLimits>;
}

/** What a stream sends next. */
export interface WatchPart {
  /** Its bytes. */
  readonly payload: Uint8Array;
  /** Whether the stream ends with it. */
  readonly isLast: boolean;
  /** Whether there is nothing behind it until `wake` is called. */
  readonly isAll: boolean;
}

/** How often a watch without changes hears how far it is, and how often the leader is looked for. */
const MARK_MS = 1000;

/** A node without a leader for so long sends its watches away: about ten elections. */
const LEADERLESS_MS_MAX = 3000;

/** A node whose state is older sends away the watches that it has had for a while. */
const AGE_MS_MAX = 3000;

/** A part is about this long, unless one change is longer. */
const PART_BYTES = 64 * 1024;

/** Serves watches. */
export class WatchServer {
  readonly #options: WatchServerOptions;
  readonly #hub: WatchHub;
  readonly #streams = new Set<WatchStream>();
  #timer: Timer | null = null;
  #leaderlessSince: number | null = null;

  /** Observes the store from now on. */
  constructor(options: WatchServerOptions) {
    const { store, limits } = options;
    this.#options = options;
    const hub = this.#hub = new WatchHub(store.revision, limits);
    store.observe({
      changed: (group) => hub.record(group),
      replaced: (revision) => hub.reset(revision),
    });
  }

  /** The number of watches. */
  get size(): number {
    return this.#streams.size;
  }

  /**
   * Begins a watch; `null`: these bytes are none. `wake` is called when there may be something to
   * send, perhaps before this call returns.
   */
  open(request: Uint8Array, wake: () => void): WatchStream | null {
    const query = decodeWatch(request);
    if (query === null) return null;
    this.#advance();
    const watch = this.#hub.open({ ...query, wake });
    const found = watch instanceof Watch
      ? watch
      : watch.kind === "compacted"
      ? { type: watch.kind, oldest: watch.oldest }
      : { type: watch.kind };
    const stream = new WatchStream(found, {
      query,
      wake,
      advance: () => this.#advance(),
      stopped: () => void this.#streams.delete(stream),
    });
    this.#streams.add(stream);
    if (this.#isLeaderless()) stream.end({ type: "outdated" });
    if (this.#timer === null) this.#tickLater();
    return stream;
  }

  /** Ends all watches; no stream is woken afterwards. */
  stop(): void {
    this.#options.store.observe(null);
    this.#timer?.cancel();
    for (const stream of this.#streams) stream.stop();
  }

  /** The latest revisions may have changed nothing. */
  #advance(): void {
    this.#hub.advance(this.#options.store.revision);
  }

  #tickLater(): void {
    this.#timer = this.#options.clock.after(MARK_MS, () => this.#tick());
  }

  #tick(): void {
    this.#timer = null;
    const isLeaderless = this.#isLeaderless();
    const isBehind = (this.#options.ageMs() ?? 0) > AGE_MS_MAX;
    if (this.#streams.size > 0) this.#tickLater();
    this.#advance();
    for (const stream of this.#streams) {
      // A new watch is served for a while: if all nodes are behind, it goes on nevertheless.
      if (isLeaderless || isBehind && stream.wasMarked) stream.end({ type: "outdated" });
      else stream.mark();
    }
  }

  /** Whether none of the looks in a long time saw a leader. */
  #isLeaderless(): boolean {
    const { clock, hasLeader } = this.#options;
    if (hasLeader()) this.#leaderlessSince = null;
    else this.#leaderlessSince ??= clock.now();
    return this.#leaderlessSince !== null &&
      clock.now() - this.#leaderlessSince >= LEADERLESS_MS_MAX;
  }
}

/** The stream of one watch. */
export class WatchStream {
  /** `null`: there is an end instead. */
  readonly #watch: Watch | null;
  readonly #writer: PartWriter;
  readonly #wake: () => void;
  readonly #advance: () => void;
  readonly #stopped: () => void;
  #end: WatchEnd | null = null;
  /** The reader is to hear how far it is: at once, so that it knows where it began. */
  #isMarkDue = true;
  /** The last revision that the reader heard of. */
  #marked = -1;
  #wasMarked = false;

  /** A stream for a watch that has begun, or that ends at once. */
  constructor(
    watch: Watch | WatchEnd,
    { query, wake, advance, stopped }: {
      readonly query: WatchQuery;
      readonly wake: () => void;
      readonly advance: () => void;
      readonly stopped: () => void;
    },
  ) {
    this.#watch = watch instanceof Watch ? watch : null;
    this.#end = watch instanceof Watch ? null : watch;
    this.#writer = new PartWriter(query);
    this.#wake = wake;
    this.#advance = advance;
    this.#stopped = stopped;
  }

  /** The next part; `null`: nothing now, and `wake` will be called. */
  next(): WatchPart | null {
    if (!this.#writer.isDone) return this.#part(this.#writer.write(PART_BYTES));
    if (this.#end !== null) {
      return { payload: encodeWatchEnd(this.#end), isLast: true, isAll: true };
    }
    const taken = this.#watch!.take(PART_BYTES);
    if (taken.kind === "behind") {
      this.#end = { type: "behind", revision: taken.revision };
      return this.next();
    }
    if (taken.groups.length > 0) {
      this.#writer.give(taken.groups);
      this.#marked = taken.groups.at(-1)!.revision;
      return this.#part(this.#writer.write(PART_BYTES));
    }
    // It looks through old groups step by step, and others have their turns in between.
    if (taken.hasMore) this.#wake();
    else if (this.#isMarkDue) return this.#mark();
    return null;
  }

  /** Whether it was there when marks were due before. */
  get wasMarked(): boolean {
    return this.#wasMarked;
  }

  /** Lets the reader hear how far it is, if that is news. */
  mark(): void {
    this.#wasMarked = true;
    this.#isMarkDue = true;
    this.#wake();
  }

  /** Ends the stream when what was begun has been sent. */
  end(end: WatchEnd): void {
    this.#end ??= end;
    this.#wake();
  }

  /** The reader has left. */
  stop(): void {
    this.#watch?.close();
    this.#stopped();
  }

  #mark(): WatchPart | null {
    this.#isMarkDue = false;
    this.#advance();
    const { upTo } = this.#watch!;
    if (upTo <= this.#marked) return null;
    this.#marked = upTo;
    return this.#part(encodeMark(upTo));
  }

  #part(payload: Uint8Array): WatchPart {
    const isIdle = this.#writer.isDone && !this.#watch!.hasMore;
    return { payload, isLast: false, isAll: isIdle && this.#end === null && !this.#isMarkDue };
  }
}
