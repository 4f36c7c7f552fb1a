/**
 * Watches for programs: changes as an async iterable that outlives nodes, leaders and connections.
 *
 * @module
 */

import {
  type ChangeKind,
  encodeWatch,
  type OpenWatch,
  rangeOfKey,
  toKey,
  Watcher,
  type WatchFailure,
  type WatchQuery,
  type WatchStreamEnd,
} from "../../kv/mod.ts";
import { SystemClock } from "../../raft/mod.ts";
import type { KnownNodes, RpcClient, StreamEnd } from "../rpc/mod.ts";
import { type StoreEntry, storeEntry } from "./outcomes.ts";
import { type KeyRange, rangeOf } from "./ranges.ts";

/** What to watch: a prefix, a range, a single key, or several of these. */
export type WatchTarget =
  | KeyRange
  | { readonly key: string | Uint8Array }
  | readonly (KeyRange | { readonly key: string | Uint8Array })[];

/** How to watch. */
export interface WatchOptions {
  /** Begins with the first change after this revision. @default the changes from now on */
  readonly from?: number;
  /** Ends the watch when it is raised. */
  readonly signal?: AbortSignal;
  /** With each change what the key was before. @default {false} */
  readonly previous?: boolean;
  /** Only keys, without values. @default {false} */
  readonly keysOnly?: boolean;
  /**
   * Also yields groups without changes, which say up to which revision nothing is missing: one when
   * the watch has begun, and one a second while others change what is not watched. @default {false}
   */
  readonly progress?: boolean;
}

/** One changed key, as it is after the change. The value of a key that ended is empty. */
export interface StoreChange extends StoreEntry {
  /** What happened to the key. */
  readonly kind: ChangeKind;
  /** What the key was before; `null`: it did not exist, or the watch did not ask for it. */
  readonly previous: StoreEntry | null;
}

/** All that one revision changed of what is watched. */
export interface WatchGroup {
  /** A watch from here goes on after this group. */
  readonly revision: number;
  /** In the order of the batch that made them, each key once. */
  readonly changes: readonly StoreChange[];
}

/**
 * A watch cannot go on.
 *
 * @example Read everything anew when what was missed is gone.
 * ```ts
 * import { connect, type StoreClient, WatchError } from "@kontiki/kontiki";
 *
 * async function follow(store: StoreClient, from: number, signal: AbortSignal): Promise<number> {
 *   try {
 *     for await (const { revision } of store.watch("jobs/", { from, signal })) from = revision;
 *   } catch (error) {
 *     if (!(error instanceof WatchError) || error.reason !== "compacted") throw error;
 *     from = error.oldest;
 *     for await (const { key } of store.list("jobs/")) console.log("now there:", key);
 *   }
 *   return from;
 * }
 * await using store = connect(["127.0.0.1:7411"]);
 * console.log("seen up to", await follow(store, 0, AbortSignal.timeout(100)));
 * ```
 */
export class WatchError extends Error {
  /** As other errors have it. */
  override name = "WatchError";
  /** `compacted`: no node has what follows `revision` any more. `refused`: no node knows watches. */
  readonly reason: "compacted" | "refused";
  /** Nothing is missing up to this revision. */
  readonly revision: number;
  /** The oldest revision to watch from. */
  readonly oldest: number;

  /** With a sentence for people. */
  constructor(failure: WatchFailure) {
    super(watchFailureText(failure));
    const { revision, oldest } = failure.reason === "compacted"
      ? failure
      : { revision: 0, oldest: 0 };
    this.reason = failure.reason;
    this.revision = revision;
    this.oldest = oldest;
  }
}

/** Why a watch cannot go on, for people. */
export function watchFailureText(failure: WatchFailure): string {
  if (failure.reason === "refused") return "Cannot watch: no node understands the request";
  return `Cannot watch from revision ${failure.revision}: what follows is gone; ` +
    `the oldest revision to watch from is ${failure.oldest}`;
}

function watchQuery(target: WatchTarget, options: WatchOptions): WatchQuery {
  const targets = Array.isArray(target) ? target as readonly KeyRange[] : [target as KeyRange];
  const query = {
    ranges: targets.map((each) => {
      if (typeof each !== "string" && "key" in each) return rangeOfKey(toKey(each.key as string));
      return rangeOf(each);
    }),
    from: options.from ?? null,
    previous: options.previous ?? false,
    keysOnly: options.keysOnly ?? false,
  };
  encodeWatch(query);
  return query;
}

/** Watches until one of the signals is raised. Throws a `RangeError` for what no node would take. */
export function watchStore(
  nodes: KnownNodes,
  target: WatchTarget,
  { ending, ...options }: WatchOptions & { readonly ending: AbortSignal },
): AsyncGenerator<WatchGroup, void, void> {
  const signal = options.signal === undefined ? ending : AbortSignal.any([ending, options.signal]);
  const progress = options.progress ?? false;
  return watchGroups(nodes, watchQuery(target, options), { signal, progress });
}

async function* watchGroups(
  nodes: KnownNodes,
  query: WatchQuery,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: boolean },
): AsyncGenerator<WatchGroup, void, void> {
  if (signal.aborted) return;
  const watcher = new Watcher({
    servers: nodes.places,
    open: openWatchOf((place) => nodes.client(place)),
    clock: new SystemClock(),
    random: Math.random,
    query,
  });
  const close = (): void => watcher.close();
  signal.addEventListener("abort", close);
  try {
    while (true) {
      const next = await watcher.next();
      if (next.type === "closed") return;
      if (next.type === "failed") throw new WatchError(next.failure);
      const { revision, changes } = next.group;
      if (changes.length === 0 && !progress) continue;
      yield {
        revision,
        changes: changes.map(({ kind, previous, ...entry }) => ({
          ...storeEntry(entry),
          kind,
          previous: previous === null ? null : storeEntry(previous),
        })),
      };
    }
  } finally {
    signal.removeEventListener("abort", close);
    watcher.close();
  }
}

/** No part of a watch: the watcher leaves a server that sends it. */
const NO_PART = Uint8Array.of(255);

/** Joins watchers of `kv/` with the streams of `net/rpc/`. */
export function openWatchOf(clientAt: (server: number) => RpcClient): OpenWatch {
  return (server, request, { credit, part, ended }) =>
    clientAt(server).open(request, credit, {
      part: (payload) => part(payload instanceof Uint8Array ? payload : NO_PART),
      ended: (end) => ended(streamEnd(end)),
    });
}

function streamEnd(end: StreamEnd): WatchStreamEnd {
  switch (end.kind) {
    case "ended":
      return end.payload instanceof Uint8Array ? end.payload : NO_PART;
    case "lost":
      return "lost";
    case "neverSent":
      return end.reason === "overloaded" || end.reason === "unknownRequest" ? end.reason : "unsent";
  }
}
