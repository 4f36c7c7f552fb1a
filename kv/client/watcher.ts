/**
 * Watches keys through any server of a cluster: goes to another one when a server is lost, slow or
 * cut off, and resumes there at the last revision that it has. Nothing comes twice, nothing is missing.
 *
 * Only so many bytes are under way or wait for the consumer, so a slow consumer does not slow down others.
 *
 * @module
 */

import type { Clock, NodeId, Random, Timer } from "../../raft/mod.ts";
import {
  decodeWatchEnd,
  encodeWatch,
  PartReader,
  type SeenGroup,
  type WatchQuery,
} from "../watch/mod.ts";

/** How a stream ended: in the server's words, or because of what lies between. */
export type WatchStreamEnd = Uint8Array | "lost" | "unsent" | "overloaded" | "unknownRequest";

/** A stream that was asked for. */
export interface WatchStreamHandle {
  /** Takes so many bytes more. */
  grant(bytes: number): void;
  /** Ends it; nothing is delivered any more. */
  cancel(): void;
}

/** Asks a server for a stream, of which so many bytes are taken at first. */
export type OpenWatch = (server: NodeId, request: Uint8Array, options: {
  readonly credit: number;
  /** Takes the next part. */
  readonly part: (bytes: Uint8Array) => void;
  /** Called once, after the last part. */
  readonly ended: (end: WatchStreamEnd) => void;
}) => WatchStreamHandle;

/** Options of a {@linkcode Watcher}. */
export interface WatcherOptions {
  /** The servers, in the order in which they are asked. */
  readonly servers: readonly NodeId[];
  /** The way to them. */
  readonly open: OpenWatch;
  /** Paces attempts. */
  readonly clock: Pick<Clock, "after">;
  /** Separates clients. */
  readonly random: Random;
  /** What to watch. */
  readonly query: WatchQuery;
}

/** Why a watch cannot go on. */
export type WatchFailure =
  /** No server has what follows the revision any more; this is the oldest to watch from. */
  | { readonly reason: "compacted"; readonly revision: number; readonly oldest: number }
  /** No server understands the request. */
  | { readonly reason: "refused" };

/** What comes next: a group, or the end. */
export type WatchNext =
  | { readonly type: "group"; readonly group: SeenGroup }
  | { readonly type: "failed"; readonly failure: WatchFailure }
  | { readonly type: "closed" };

/** Bytes that are under way or wait for the consumer, at most about this many. */
const CREDIT_BYTES = 256 * 1024;

/** So many bytes are granted again at once: a grant for every event would cost as much as the event. */
const GRANT_BYTES = CREDIT_BYTES / 4;

/** A part uses up as much credit as it has bytes, but at least this. */
const PART_BYTES_MIN = 64;

/** The end of a stream whose parts are no parts of a watch: no reason that any server gives. */
const NO_END = new Uint8Array(0);

const PAUSE_MS = { min: 20, max: 1000 };

/** The changes of some keys, from any server. */
export class Watcher {
  readonly #options: WatcherOptions;
  #queue: SeenGroup[] = [];
  /** Bytes that arrived and were not granted again. */
  #heldBytes = 0;
  /** Everything up to this revision has arrived; `null`: the watch has not begun. */
  #upTo: number | null;
  #stream: WatchStreamHandle | null = null;
  /** Counts streams: what an earlier one still delivers is not meant any more. */
  #streams = 0;
  #place = 0;
  #timer: Timer | null = null;
  /** Something arrived on the present stream: its end begins a new round of attempts. */
  #hasArrived = false;
  /** Attempts since then. */
  #attempts = 0;
  /** Whether to ask for leases and ends: a server of an older release does not understand that. */
  #hasEnds = true;
  /** What servers said in these attempts. */
  #oldest: number | null = null;
  #refusals = 0;
  #end: WatchNext | null = null;
  #consumer: ((next: WatchNext) => void) | null = null;

  /** Begins at once. Throws a `RangeError` for a query that no server would take. */
  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#upTo = options.query.from;
    encodeWatch(options.query);
    this.#open();
  }

  /** The next group; one without changes says that nothing is missing up to its revision. */
  next(): Promise<WatchNext> {
    const group = this.#queue.shift();
    if (group === undefined) {
      if (this.#end !== null) return Promise.resolve(this.#end);
      return new Promise((resolve) => void (this.#consumer = resolve));
    }
    if (this.#queue.length === 0) this.#askForMore();
    return Promise.resolve({ type: "group", group });
  }

  /** Ends the watch: a pending `next()` returns the end, and groups that were not taken are dropped. */
  close(): void {
    this.#queue = [];
    this.#finish({ type: "closed" });
  }

  #open(): void {
    const { servers, open, query } = this.#options;
    const stream = ++this.#streams;
    const ends = this.#hasEnds;
    const reader = new PartReader({ ends });
    const isMeant = (): boolean => stream === this.#streams && this.#end === null;
    const handle = open(
      servers[this.#place % servers.length]!,
      encodeWatch({ ...query, ends, from: this.#upTo }),
      {
        credit: CREDIT_BYTES,
        part: (bytes) => {
          if (isMeant()) this.#part(bytes, reader);
        },
        ended: (end) => {
          if (isMeant()) this.#ended(end);
        },
      },
    );
    // It may have ended before the call returned.
    if (isMeant()) this.#stream = handle;
  }

  #part(bytes: Uint8Array, reader: PartReader): void {
    const groups = reader.read(bytes);
    if (groups === null) {
      this.#stream?.cancel();
      return this.#ended(NO_END);
    }
    this.#hasArrived = true;
    this.#heldBytes += Math.max(PART_BYTES_MIN, bytes.length);
    for (const group of groups) {
      this.#upTo = group.revision;
      this.#queue.push(group);
    }
    if (this.#consumer !== null && this.#queue.length > 0) {
      this.#give({ type: "group", group: this.#queue.shift()! });
    }
    // A group may be longer than all that may be under way: then the rest of it is waited for.
    if (this.#queue.length === 0) this.#askForMore();
  }

  #askForMore(): void {
    if (this.#stream === null) return this.#reopen();
    if (this.#heldBytes < GRANT_BYTES) return;
    this.#stream.grant(this.#heldBytes);
    this.#heldBytes = 0;
  }

  #ended(end: WatchStreamEnd): void {
    this.#streams++;
    this.#stream = null;
    this.#heldBytes = 0;
    if (end === "unknownRequest" && this.#hasEnds) {
      this.#hasEnds = false;
      return this.#reopen();
    }
    this.#hasEnds = true;
    if (this.#hasArrived) {
      this.#attempts = this.#refusals = 0;
      this.#oldest = null;
    } else this.#attempts++;
    this.#hasArrived = false;
    const said = end instanceof Uint8Array ? decodeWatchEnd(end) : null;
    if (said?.type === "compacted") {
      this.#oldest = Math.min(this.#oldest ?? Infinity, said.oldest);
    } else if (end === "unknownRequest" || end instanceof Uint8Array && said === null) {
      this.#refusals++;
    } else if (said?.type === "behind") this.#upTo = Math.max(this.#upTo ?? 0, said.revision);
    const { servers } = this.#options;
    this.#place = (this.#place + 1) % servers.length;
    const isRound = this.#attempts >= servers.length;
    if (isRound && this.#oldest !== null) {
      const revision = this.#upTo ?? 0;
      const failure = { reason: "compacted", revision, oldest: this.#oldest } as const;
      return this.#finish({ type: "failed", failure });
    }
    if (isRound && this.#refusals === this.#attempts) {
      return this.#finish({ type: "failed", failure: { reason: "refused" } });
    }
    // What waits is taken first, so that no more than the credit of one stream ever waits.
    if (this.#queue.length === 0) this.#reopen();
  }

  /** At once the first time around, then after pauses that grow. */
  #reopen(): void {
    if (this.#timer !== null || this.#end !== null) return;
    const { servers, clock, random } = this.#options;
    const round = Math.floor(this.#attempts / servers.length);
    const longest = Math.min(PAUSE_MS.max, PAUSE_MS.min * 2 ** Math.min(round, 10));
    const ms = round === 0 ? 0 : longest * (0.5 + random() / 2);
    this.#timer = clock.after(ms, () => {
      this.#timer = null;
      if (this.#end === null) this.#open();
    });
  }

  #finish(end: WatchNext): void {
    if (this.#end !== null) return;
    this.#end = end;
    this.#timer?.cancel();
    this.#stream?.cancel();
    this.#stream = null;
    this.#give(end);
  }

  #give(next: WatchNext): void {
    const consumer = this.#consumer;
    this.#consumer = null;
    consumer?.(next);
  }
}
