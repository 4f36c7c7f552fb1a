/**
 * Elections for programs: a lock whose holder leads, and whose value is what the leader announces.
 *
 * @module
 */

import { endOfPrefix, type Key, keyBytes, queueOfLock, toKey } from "../../kv/mod.ts";
import type { BatchBuilder, ValueLike } from "./batch_builder.ts";
import { HeldLock, type HeldPlace } from "./lock.ts";
import { type OperationOptions, type StoreEntry, StoreReadError } from "./outcomes.ts";
import type { WatchGroup, WatchOptions, WatchTarget } from "./watch.ts";

/** What an election needs of a client. */
interface ElectionStore {
  batch(): BatchBuilder;
  watch(target: WatchTarget, options: WatchOptions): AsyncIterable<WatchGroup>;
}

/** The leader of an election, as everybody can read it. */
export interface Leader {
  /** The fencing token: larger than that of every earlier leader. */
  readonly revision: number;
  /** What it announces. */
  readonly value: Uint8Array;
}

/**
 * The lead of an election, until it is given up or lost. Writes of a leader that must not come after
 * its time name it with {@linkcode BatchBuilder.checkLock}.
 *
 * @example
 * ```ts
 * import { connect } from "@kontiki/kontiki";
 *
 * await using store = connect(["127.0.0.1:7411"]);
 * {
 *   await using lead = await store.elect("scheduler", { value: "10.0.0.7:8080" });
 *   await lead.announce("10.0.0.7:8081");
 *   const leader = await store.leader("scheduler");
 *   console.log(new TextDecoder().decode(leader!.value)); // 10.0.0.7:8081
 * }
 * console.log(await store.leader("scheduler")); // null
 * ```
 */
export class Leadership extends HeldLock {
  readonly #batch: () => BatchBuilder;
  readonly #place: { readonly key: Key; readonly lease: number };

  /** `StoreClient.elect` makes it. */
  constructor(
    { lock, name, revision, place }: HeldPlace,
    batch: () => BatchBuilder,
  ) {
    super({ lock, name, revision, place });
    this.#batch = batch;
    this.#place = place;
  }

  /** Announces something else; false: this client leads no more, or the outcome is unknown. */
  async announce(value: ValueLike, options: OperationOptions = {}): Promise<boolean> {
    const { key, lease } = this.#place;
    const batch = this.#batch().checkLock(this.name, this.revision);
    const done = await batch.put(keyBytes(key), value, { lease }).commit(options);
    return done.outcome === "yes" && done.held;
  }
}

/** The first place of a queue, and the revision at which it was read. */
async function readHead(
  store: ElectionStore,
  name: string,
  options: OperationOptions,
): Promise<{ readonly head: StoreEntry | null; readonly at: number }> {
  const done = await store.batch().range(queueRange(name), { limit: 1 }).commit(options);
  const found = done.outcome === "yes" ? done.results[0] : undefined;
  if (done.outcome !== "yes" || found?.op !== "range") {
    const reason = done.outcome === "yes" || done.reason === "invalid" || done.reason === "full"
      ? "refused"
      : done.reason;
    throw new StoreReadError(reason, `Cannot read the leader of ${name}: no answer (${reason})`);
  }
  return { head: found.entries[0] ?? null, at: done.revision };
}

function queueRange(name: string): { readonly start: Uint8Array; readonly end: Uint8Array } {
  const queue = queueOfLock(toKey(name));
  return { start: keyBytes(queue), end: keyBytes(endOfPrefix(queue)!) };
}

function leaderOf(head: StoreEntry | null): Leader | null {
  return head === null ? null : { revision: head.created, value: head.value };
}

/** The leader of an election; `null`: nobody leads. */
export async function readLeader(
  store: ElectionStore,
  name: string,
  options: OperationOptions,
): Promise<Leader | null> {
  return leaderOf((await readHead(store, name, options)).head);
}

/** The leader now, and every later one, or what it announces anew; `null`: nobody leads. */
export async function* watchLeaders(
  store: ElectionStore,
  name: string,
  options: OperationOptions,
): AsyncGenerator<Leader | null, void, void> {
  const { signal, ...limits } = options;
  if (signal?.aborted) return;
  const watching = signal === undefined ? {} : { signal };
  let { head, at: from } = await readHead(store, name, options);
  yield leaderOf(head);
  const watch = { ...watching, from, keysOnly: true };
  for await (const { revision } of store.watch(queueRange(name), watch)) {
    // What came before the last read is already in it.
    if (revision <= from) continue;
    const now = await readHead(store, name, limits);
    from = now.at;
    if (now.head?.key === head?.key && now.head?.revision === head?.revision) continue;
    head = now.head;
    yield leaderOf(head);
  }
}
