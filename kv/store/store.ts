/**
 * The store: a sorted map from keys to values with versions, as a deterministic state machine. The
 * version of a key counts its writes and never goes back, also over deletions, so a write that names
 * the version it follows is executed at most once, however often it is sent.
 *
 * Invariants:
 * - The state, and the reply to every write, follow from the applied commands alone.
 * - A command changes all of its keys at one revision, or none (O1).
 * - The version of a key never goes back (O2), and every change is shown to the observer once (O8).
 *
 * @module
 */

import {
  type Image,
  invariant,
  type Stamp,
  type StateMachine,
  type Steps,
} from "../../raft/mod.ts";
import {
  type Batch,
  decodeRequest,
  encodeReply,
  isReadOnly,
  isSystemKey,
  type Key,
  type Numbered,
  type Put,
  type Reply,
  type Request,
} from "../command/mod.ts";
import { LEVELS, type Levels } from "../levels/mod.ts";
import { MemoryState, type State } from "../tables/mod.ts";
import { type Change, Draft, InvalidBatch, isShown, type StoreObserver, written } from "./draft.ts";
import { executeBatch } from "./execute.ts";
import { endLeases } from "./lease_work.ts";
import { History, type HistoryLimits } from "./history.ts";
import { drawImage, isImage, readImage } from "./image.ts";
import { type OwnKeys, ownKeys } from "./level.ts";
import { Room, type StoreLimits } from "./room.ts";
import { SESSION_LIMITS } from "./sessions.ts";

/** The number of revisions for which the version of a deleted key is remembered, on all servers. */
const DELETIONS_REVISIONS = 1_000_000;

const STORED = encodeReply({ type: "stored" });
const NO_KEY = encodeReply({ type: "noKey" });
const FULL = encodeReply({ type: "full" });
const OVERLOADED = encodeReply({ type: "overloaded" });
const SESSION_GONE = encodeReply({ type: "sessionGone" });
const REFUSED = encodeReply({ type: "refused" });

/** A map with versions that every server of a cluster holds alike. */
export class KvStore implements StateMachine {
  #state: State;
  /** `null`: the state is kept on a disk, has no limits but the disk's, and draws no images. */
  #room: Room | null;
  #history: History;
  /** The revision of the last command that was applied. */
  #revision = 0;
  /** Its times. */
  #steady = 0;
  #wall = 0;
  #own: OwnKeys;
  readonly #levels: Levels;
  #observer: StoreObserver | null = null;
  #endsObserver: (() => void) | null = null;

  /**
   * An empty store, or one on a state that is kept on a disk. Tests choose other limits, alike for all
   * servers of a cluster.
   */
  constructor(limits?: StoreLimits, history?: HistoryLimits, durable?: State, levels = LEVELS) {
    this.#state = durable ?? new MemoryState();
    this.#room = durable === undefined ? new Room(limits) : null;
    this.#history = new History(history);
    this.#levels = levels;
    this.#own = ownKeys(this.#state, levels);
    this.#state.keepMarks((upTo) => this.#history.marks(upTo));
  }

  /** The number of keys of a store that is kept in memory. */
  get size(): number {
    return this.#room?.keys ?? 0;
  }

  /** The number of leases. */
  get leases(): number {
    return this.#own.leases.size;
  }

  /** The revision of the last command that was applied. */
  get revision(): number {
    return this.#revision;
  }

  /** The feature levels of the cluster and of this program. */
  get level(): { readonly value: number; readonly known: number } {
    return this.#own.level;
  }

  /** The steady time of the last command. */
  get steady(): number {
    return this.#steady;
  }

  /** Whether an entry with these times would end something, as far as this server knows. */
  isDue({ wall, steady }: Omit<Stamp, "index">): boolean {
    return this.#own.endings.next <= Math.max(wall, this.#wall) ||
      this.#own.leases.next <= Math.max(steady, this.#steady);
  }

  /** Whether anything ends by itself, sooner or later. */
  get hasEnds(): boolean {
    return this.#own.endings.next < Infinity || this.#own.leases.next < Infinity;
  }

  /** Calls an observer whenever something was changed while anything ends by itself; `null` ends that. */
  observeEnds(observer: (() => void) | null): void {
    this.#endsObserver = observer;
  }

  /** Gives the changes of every revision to an observer, in order; `null` ends that. */
  observe(observer: StoreObserver | null): void {
    this.#observer = observer;
  }

  apply(
    command: Uint8Array,
    { index, steady, wall = this.#wall }: Omit<Stamp, "wall"> & Partial<Stamp> = {
      index: this.#revision + 1,
      steady: this.#steady,
    },
  ): Uint8Array {
    invariant(index > this.#revision && steady >= this.#steady, "revisions and time grow");
    this.#revision = index;
    this.#steady = Math.floor(steady);
    this.#wall = wall;
    return this.#apply(this.#own.level.check(decodeRequest(command), index));
  }

  #apply(request: Request): Uint8Array {
    switch (request.type) {
      case "get":
        return this.#get(request.key);
      case "put":
        return this.#put(request);
      case "batch":
        return isReadOnly(request.batch) ? this.#read(request.batch) : this.#write(request.batch);
      case "numbered":
        return this.#once(request);
      case "time":
        return encodeReply({ type: "time", steady: this.#steady });
      case "end":
        return this.#end();
      case "level":
        this.#own.level.raise(request.level, this.#revision);
        return STORED;
      default:
        return request satisfies never;
    }
  }

  query(request: Uint8Array): Uint8Array {
    const query = decodeRequest(request);
    if (query?.type === "get") return this.#get(query.key);
    if (query?.type === "time") return encodeReply({ type: "time", steady: this.#steady });
    return query?.type === "batch" && isReadOnly(query.batch) ? this.#read(query.batch) : REFUSED;
  }

  snapshot(): Image {
    return drawImage(this.#state, { at: this.#revision, deletions: this.#state.deletions });
  }

  accepts(image: Uint8Array): boolean {
    return this.#room === null || isImage(image);
  }

  *restore(data: Uint8Array): Steps {
    if (this.#room === null) {
      this.#history = this.#history.begunWith(this.#state.marks);
      this.#own = ownKeys(this.#state, this.#levels);
      const { index, times } = this.#state.position;
      this.#revision = index;
      this.#steady = times.steady;
      this.#wall = times.wall;
      this.#replaced();
      return;
    }
    const room = this.#room.emptied();
    const { state, revision } = yield* readImage(data, (entry) => {
      if (!isSystemKey(entry.key)) room.change({ entry, previous: null });
    });
    this.#state = state;
    this.#own = ownKeys(state, this.#levels);
    this.#room = room;
    this.#history = this.#history.begunWith([]);
    this.#revision = revision;
    this.#replaced();
  }

  #replaced(): void {
    this.#observer?.replaced(this.#revision);
    if (this.hasEnds) this.#endsObserver?.();
  }

  /** Ends the leases and keys that are due, or the first of them (N1, N4). */
  #end(): Uint8Array {
    const draft = new Draft(this.#state, this.#revision);
    const moment = { revision: this.#revision, steady: this.#steady };
    endLeases(draft, this.#own.leases.due(this.#steady), moment);
    for (const { entry } of this.#own.endings.due(this.#wall, this.#revision)) {
      // The key may have ended with its lease just now.
      if ((draft.get(entry.key)?.value ?? null) !== null) draft.set(entry);
    }
    this.#commit(draft.changes);
    this.#own.endings.ended();
    this.#own.leases.ended();
    return STORED;
  }

  /** Executes a numbered request unless it was executed before. */
  #once({ number, request }: Numbered): Uint8Array {
    const moment = { revision: this.#revision, steady: this.#steady };
    const reply = this.#own.sessions.execute(number, moment, () => {
      return request.type === "put"
        ? this.#put(request)
        : this.#write(request.batch, SESSION_LIMITS.answerBytesMax);
    });
    if (reply === "gone") return SESSION_GONE;
    return reply === "full" ? OVERLOADED : reply;
  }

  #get(key: Key): Uint8Array {
    const entry = this.#state.get(key);
    if (entry === null || entry.value === null) return NO_KEY;
    return encodeReply({ type: "value", value: entry.value, version: entry.version });
  }

  #put({ key, value, version }: Put): Uint8Array {
    const previous = this.#state.get(key);
    const found = previous?.version ?? 0;
    if (found === 0 && version > 0) return NO_KEY;
    if (found !== version) return encodeReply({ type: "wrongVersion", version: found });
    const entry = written(previous, { key, value, revision: this.#revision });
    return this.#commit([{ entry, previous }]) ? STORED : FULL;
  }

  #write(batch: Batch, replyBytesMax = Infinity): Uint8Array {
    const draft = new Draft(this.#state, this.#revision);
    const reply = this.#execute(batch, draft, this.#revision);
    const bytes = encodeReply(reply);
    if (bytes.length > replyBytesMax) {
      const reason = `Cannot execute: wanted results of at most ${replyBytesMax} bytes, ` +
        `got ${bytes.length}, in a batch that writes`;
      return encodeReply({ type: "invalid", reason });
    }
    if (reply.type === "batch" && !this.#commit(draft.changes)) return FULL;
    return bytes;
  }

  #read(batch: Batch): Uint8Array {
    const at = batch.at || this.#revision;
    const { oldest } = this.#state;
    if (at > this.#revision) return encodeReply({ type: "future", newest: this.#revision });
    if (at < oldest) return encodeReply({ type: "compacted", oldest });
    return encodeReply(this.#execute(batch, new Draft(this.#state, at), at));
  }

  #execute(batch: Batch, draft: Draft, revision: number): Reply {
    const moment = { revision, steady: this.#steady, leases: this.#own.leases.size };
    try {
      return { type: "batch", result: executeBatch(batch, draft, moment) };
    } catch (error) {
      if (error instanceof InvalidBatch) return { type: "invalid", reason: error.message };
      throw error;
    }
  }

  /** Makes all changes of a revision, or none if there is no room (O1). */
  #commit(all: readonly Change[]): boolean {
    const changes = all.every(isShown) ? all : all.filter(isShown);
    if (this.#room?.has(changes) === false) return false;
    let replacedBytes = 0;
    for (const change of all) {
      this.#state.add(change.entry);
      this.#own.endings.change(change);
      this.#own.leases.change(change);
      replacedBytes += change.previous?.value?.length ?? 0;
    }
    for (const change of changes) this.#room?.change(change);
    const deletions = Math.max(0, this.#revision - DELETIONS_REVISIONS);
    const superseding = { revision: this.#revision, bytes: replacedBytes, at: this.#steady };
    this.#state.forget(this.#history.add(superseding), deletions);
    if (changes.length > 0) this.#observer?.changed({ revision: this.#revision, changes });
    if (this.hasEnds) this.#endsObserver?.();
    return true;
  }
}
