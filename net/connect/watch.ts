/**
 * Watches of KV Connect: the newest state of some keys, whenever any of them changes. A client that
 * reads slowly misses states in between, never the newest.
 *
 * Invariants: every message shows the keys at one revision, and no older one than the message before
 * (G6); a watch holds one entry for each key, however slow its client is.
 *
 * @module
 */

import { type FoundEntry, type Key, keyOf } from "../../kv/mod.ts";
import type { Clock } from "../../raft/mod.ts";
import { WatchError, type WatchGroup } from "../store/mod.ts";
import type { Database } from "./database.ts";
import { READ_STATUS, Watch, WatchOutput } from "./messages.ts";
import { entryMessage, type ReadBatch } from "./read.ts";
import { ConnectRefusal, refusal, unavailable } from "./refusal.ts";

/** Watches keys from a revision on. */
export type WatchKeys = (
  keys: readonly Key[],
  options: { readonly from: number; readonly signal: AbortSignal },
) => AsyncGenerator<WatchGroup, void, void>;

/** What a watch works with. */
export interface WatchOptions {
  readonly database: Database;
  readonly read: ReadBatch;
  readonly watch: WatchKeys;
  readonly clock: Clock;
  /** Ends the watch when it is raised. */
  readonly signal: AbortSignal;
}

/** A client hears something at least so often. */
export const PING_MS = 5_000;

const LENGTH_BYTES = 4;
const PING = new Uint8Array(LENGTH_BYTES);

/** What a client may be shown of a key. */
type Shown = Pick<FoundEntry, "key" | "value" | "revision"> | null;

/** Begins to watch what the body names, and resolves with its stream when the first state is there. */
export async function openWatch(
  body: Uint8Array,
  options: WatchOptions,
): Promise<ReadableStream<Uint8Array>> {
  const { database } = options;
  const keys = Watch.decode(body).keys.map(({ key }) => {
    if (key.length > 0) return database.key(key);
    throw refusal("Wanted a key of at least 1 byte, got none");
  });
  if (keys.length === 0) throw refusal("Wanted keys to watch, got none");
  const state = new WatchedState(keys, options);
  await state.load();
  const end = new AbortController();
  const signal = AbortSignal.any([options.signal, end.signal]);
  state.follow(signal);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (await state.ready(signal)) controller.enqueue(state.take());
      else if (state.failure === null) controller.close();
      else controller.error(state.failure);
    },
    cancel: () => end.abort(),
  }, { highWaterMark: 0 });
}

/** The watched keys as they are. */
class WatchedState {
  readonly #options: WatchOptions;
  readonly #keys: readonly Key[];
  readonly #shown: Shown[];
  /** Where the state was read whole. */
  #revision = 0;
  /** Whether the client has not seen the keys as they are. */
  #isNew = false;
  #isOver = false;
  /** A mistake of this program that ended the watch. */
  failure: unknown = null;
  #wake: () => void = () => {};

  constructor(keys: readonly Key[], options: WatchOptions) {
    this.#keys = keys;
    this.#options = options;
    this.#shown = keys.map(() => null);
  }

  /** Reads all keys at one revision. Throws a refusal if no node answers. */
  async load(): Promise<void> {
    const then = this.#keys.map((key) => ({ op: "get", key }) as const);
    const outcome = await this.#options.read({ checks: [], then, otherwise: [], at: 0 });
    if (outcome.type !== "done") {
      throw unavailable(`No node could read it in time (${outcome.type}); nothing is watched`);
    }
    this.#revision = outcome.result.revision;
    for (const [place, result] of outcome.result.results.entries()) {
      if (result.op === "get") this.#set(place, result.entry);
    }
  }

  /** Takes changes until the signal is raised, or until no node has them. */
  async follow(signal: AbortSignal): Promise<void> {
    try {
      while (await this.#followOn(signal));
    } catch (error) {
      // The client begins anew after a while, and learns then why it is refused.
      if (!(error instanceof ConnectRefusal)) this.failure = error;
    }
    this.#isOver = true;
    this.#wake();
  }

  /** Waits until there is something to send; false: the watch is over. */
  async ready(signal: AbortSignal): Promise<boolean> {
    if (!this.#isNew && !this.#isOver && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = this.#options.clock.after(PING_MS, resolve);
      this.#wake = resolve;
      await promise;
      timer.cancel();
    }
    return !this.#isOver && !signal.aborted;
  }

  /** The next message, behind its length: the state of all keys, or nothing if it is known. */
  take(): Uint8Array {
    if (!this.#isNew) return PING;
    const { database } = this.#options;
    this.#isNew = false;
    // Deno takes a key that is said not to have changed for one that is gone, so none is.
    const keys = this.#shown.map((entry) => {
      return {
        changed: true,
        entryIfChanged: entry === null ? null : entryMessage(entry, database),
      };
    });
    const message = WatchOutput.encode({ status: READ_STATUS.success, keys });
    const bytes = new Uint8Array(LENGTH_BYTES + message.length);
    new DataView(bytes.buffer).setUint32(0, message.length, true);
    bytes.set(message.joined(), LENGTH_BYTES);
    return bytes;
  }

  /**
   * Follows the changes. True: they were gone on every node, and the state was read again; false: the
   * watch has ended.
   */
  async #followOn(signal: AbortSignal): Promise<boolean> {
    const { watch } = this.#options;
    try {
      for await (const group of watch(this.#keys, { from: this.#revision, signal })) {
        this.#add(group);
      }
      return false;
    } catch (error) {
      if (!(error instanceof WatchError) || error.reason !== "compacted") throw error;
      await this.load();
      return true;
    }
  }

  #add({ revision, changes }: WatchGroup): void {
    for (const { kind, keyBytes, value } of changes) {
      const key = keyOf(keyBytes);
      for (const [place, watched] of this.#keys.entries()) {
        if (watched === key) this.#set(place, kind === "put" ? { key, value, revision } : null);
      }
    }
  }

  #set(place: number, entry: Shown): void {
    this.#shown[place] = entry;
    this.#isNew = true;
    this.#wake();
  }
}
