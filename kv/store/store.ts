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

import { type Image, invariant, type StateMachine, type Steps } from "../../raft/mod.ts";
import {
  type Batch,
  decodeRequest,
  encodeReply,
  isReadOnly,
  type Key,
  type Put,
  type Reply,
} from "../command/mod.ts";
import { MemoryState, type State } from "../tables/mod.ts";
import { type Change, Draft } from "./draft.ts";
import { executeBatch, InvalidBatch, written } from "./execute.ts";
import { History, type HistoryLimits } from "./history.ts";
import { drawImage, readImage } from "./image.ts";
import { NO_LIMITS, Room, type StoreLimits } from "./room.ts";

/** All that one revision changed. */
export interface ChangeGroup {
  /** The revision. */
  readonly revision: number;
  /** One for each key, in the order in which they were first changed. */
  readonly changes: readonly Change[];
}

const STORED = encodeReply({ type: "stored" });
const NO_KEY = encodeReply({ type: "noKey" });
const FULL = encodeReply({ type: "full" });
const REFUSED = encodeReply({ type: "refused" });

/** A map with versions that every server of a cluster holds alike. */
export class KvStore implements StateMachine {
  #state: State;
  /** Whether the state is kept on a disk: it has no limits but the disk's, and draws no images. */
  readonly #isDurable: boolean;
  #room: Room;
  #history: History;
  /** The revision of the last command that was applied. */
  #revision = 0;
  #observer: ((group: ChangeGroup) => void) | null = null;

  /**
   * An empty store, or one on a state that is kept on a disk. Tests choose other limits, alike for all
   * servers of a cluster.
   */
  constructor(limits?: StoreLimits, history?: HistoryLimits, durable?: State) {
    this.#state = durable ?? new MemoryState();
    this.#isDurable = durable !== undefined;
    this.#room = new Room(this.#isDurable ? NO_LIMITS : limits);
    this.#history = new History(history);
  }

  /** How many keys there are. */
  get size(): number {
    return this.#room.keys;
  }

  /** The revision of the last command that was applied. */
  get revision(): number {
    return this.#revision;
  }

  /** Has the changes of every revision given to a listener, in order; `null`: to nobody any more. */
  observe(observer: ((group: ChangeGroup) => void) | null): void {
    this.#observer = observer;
  }

  apply(command: Uint8Array, { index }: { readonly index: number } = this.#next): Uint8Array {
    invariant(index > this.#revision, "revisions grow");
    this.#revision = index;
    const request = decodeRequest(command);
    if (request === null) return REFUSED;
    switch (request.type) {
      case "get":
        return this.#get(request.key);
      case "put":
        return this.#put(request);
      case "batch":
        return isReadOnly(request.batch) ? this.#read(request.batch) : this.#write(request.batch);
      default:
        return request satisfies never;
    }
  }

  query(request: Uint8Array): Uint8Array {
    const query = decodeRequest(request);
    if (query?.type === "get") return this.#get(query.key);
    return query?.type === "batch" && isReadOnly(query.batch) ? this.#read(query.batch) : REFUSED;
  }

  snapshot(): Image {
    return drawImage(this.#state, { at: this.#revision, deletions: this.#state.deletions });
  }

  *restore(data: Uint8Array): Steps {
    if (this.#isDurable) {
      this.#history = this.#history.emptied();
      this.#revision = this.#state.position.index;
      return;
    }
    const room = this.#room.emptied();
    const { state, revision } = yield* readImage(
      data,
      (entry) => room.change({ entry, previous: null }),
    );
    this.#state = state;
    this.#room = room;
    this.#history = this.#history.emptied();
    this.#revision = revision;
  }

  get #next(): { readonly index: number } {
    return { index: this.#revision + 1 };
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

  #write(batch: Batch): Uint8Array {
    const draft = new Draft(this.#state, this.#revision);
    const reply = this.#execute(batch, draft, this.#revision);
    if (reply.type === "batch" && !this.#commit(draft.changes)) return FULL;
    return encodeReply(reply);
  }

  #read(batch: Batch): Uint8Array {
    const at = batch.at || this.#revision;
    if (at > this.#revision) return encodeReply({ type: "future", newest: this.#revision });
    const { oldest } = this.#state;
    if (at < oldest) return encodeReply({ type: "compacted", oldest });
    return encodeReply(this.#execute(batch, new Draft(this.#state, at), at));
  }

  #execute(batch: Batch, draft: Draft, revision: number): Reply {
    try {
      return { type: "batch", result: executeBatch(batch, draft, revision) };
    } catch (error) {
      if (error instanceof InvalidBatch) return { type: "invalid", reason: error.message };
      throw error;
    }
  }

  /** Makes all changes of a revision, or none if there is no room (O1). */
  #commit(changes: readonly Change[]): boolean {
    if (!this.#room.has(changes)) return false;
    let replacedBytes = 0;
    for (const change of changes) {
      this.#room.change(change);
      this.#state.add(change.entry);
      replacedBytes += change.previous?.value?.length ?? 0;
    }
    this.#state.forget(this.#history.add(this.#revision, replacedBytes), 0);
    if (changes.length > 0) this.#observer?.({ revision: this.#revision, changes });
    return true;
  }
}
