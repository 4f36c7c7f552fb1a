/**
 * What a leader knows of one peer, and what it sends to it next.
 *
 * A peer is **probed** until the point where its log matches is known: one append at a time. Then
 * entries are **streamed** to it within a window, without waiting for answers. A peer that needs
 * entries which are no longer in the log gets the **snapshot** in chunks, within a window as well.
 *
 * Small messages do not queue behind large ones, so a heartbeat may overtake entries. While some are
 * under way it therefore claims nothing about the log. Only when nothing of them was acknowledged for
 * a while it asks: it claims to come behind them, and a refusal shows that they were lost.
 *
 * Invariants: `match < next`; `match` never goes down (§5.3); nothing is sent again before a refusal
 * or an answer to a question shows that it was lost, nor while it still waits in the transport.
 *
 * @module
 */

import {
  type AppendEntries,
  type FullRaftOptions,
  type ImagePlace,
  type Images,
  type Index,
  type InstallSnapshot,
  type InstallSnapshotReply,
  type Log,
  type Moment,
  type NodeId,
  ORIGIN,
  type PeerStatus,
  type ReadAnswer,
  type Snapshot,
} from "../model/mod.ts";
import { Window } from "./window.ts";

/** Chunks of an image under way to a peer, which may have to write them to its disk first. */
const IMAGE_BYTES_MAX = 4 * 2 ** 20;

const NO_DATA = new Uint8Array(0);

/** Where every image begins. */
const START: ImagePlace = { offset: 0, cursor: NO_DATA };

/** How a leader sends to a peer. */
type Mode =
  | {
    readonly kind: "probing";
    /** The append behind `next - 1` that is under way; `null`: none. */
    probe: { readonly last: Index; readonly bytes: number } | null;
  }
  | { readonly kind: "streaming"; readonly window: Window }
  | Transferring;

interface Transferring {
  readonly kind: "snapshot";
  snapshot: Snapshot;
  /** Bytes that the peer has; `null` until it has reported them. */
  received: number | null;
  /** Chunks were sent up to here. */
  sent: ImagePlace;
  /** Whether the last chunk was sent. */
  isSent: boolean;
  /** The chunks under way. */
  window: Window;
  /** The round in which the peer was asked since its last progress; `null`: it was not. */
  asked: number | null;
}

/** The log and snapshot of a leader, and where its messages go. */
export interface Replicated {
  readonly log: Log;
  /** The latest durable snapshot, whose bytes are the same after a restart. */
  readonly snapshot: Snapshot | null;
  readonly images: Images;
  readonly commit: Index;
  readonly round: number;
  /** Bytes that wait in the transport for this peer. */
  readonly waiting: number;
}

/** Messages of a leader to a follower. */
export type LeaderMessage = AppendEntries | InstallSnapshot;

/** One peer as its leader sees it. Lives as long as the leadership. */
export class Progress {
  readonly id: NodeId;
  /** The highest entry known to be on the peer's disk. */
  match: Index = 0;
  /** The next entry to send. */
  next: Index;
  /**
   * Whether a message is due even without entries: a heartbeat, a read's round, a new commit index.
   */
  isDue = true;
  /** The answer that the peer is to get with its next message; `null`: none. */
  answer: ReadAnswer | null = null;
  /** The latest heartbeat round that the peer answered. */
  round = 0;
  #mode: Mode = { kind: "probing", probe: null };
  /** The commit index that was last sent to the peer. */
  #commitTold: Index = 0;
  #hasMore = false;
  /** Ticks since the peer answered a round that it had not answered before. */
  #silentTicks = 0;
  readonly #options: FullRaftOptions;

  constructor(id: NodeId, next: Index, options: FullRaftOptions) {
    this.id = id;
    this.next = next;
    this.#options = options;
  }

  /** The highest commit index of which the peer was notified. */
  get commitTold(): Index {
    return this.#commitTold;
  }

  /** Whether the peer answered a new round within an election timeout (E11). */
  get isActive(): boolean {
    return this.#silentTicks < this.#options.electionTicks;
  }

  /** The last entry of the snapshot that is on its way to the peer, if one is. */
  get transferring(): Index | null {
    return this.#mode.kind === "snapshot" ? this.#mode.snapshot.last.index : null;
  }

  /** Whether more may be sent as soon as the transport has taken the latest messages. */
  get hasMore(): boolean {
    return this.#hasMore;
  }

  /** The status of the peer. */
  status(images: Images): Omit<PeerStatus, "caughtUp"> {
    const { id, match, next, isActive: active } = this;
    const mode = this.#mode;
    const transfer = mode.kind === "snapshot"
      ? {
        received: mode.received ?? 0,
        total: Math.max(images.size(mode.snapshot), mode.received ?? 0),
      }
      : null;
    return { id, mode: mode.kind, match, next, active, transfer };
  }

  /** Whether a new commit index should be sent: the peer answers, and follows the log. */
  awaitsCommit(commit: Index): boolean {
    return this.isActive && this.#mode.kind !== "snapshot" && this.#commitTold < commit;
  }

  /** A tick. After a long silence the peer is probed again, as messages under way are lost. */
  tick(): void {
    this.#silentTicks++;
    if (this.#mode.kind === "probing") return;
    if (!this.isActive && this.#mode.kind === "streaming") {
      this.#mode = { kind: "probing", probe: null };
    } else this.#mode.window.tick();
  }

  /** An answer in this term. The first to a round shows that the peer is alive (E11). */
  heard(round: number): void {
    if (round <= this.round) return;
    this.round = round;
    this.#silentTicks = 0;
  }

  /** The messages to the peer now: a heartbeat, and entries or chunks as the window allows. */
  takeMessages(state: Replicated): LeaderMessage[] {
    this.#hasMore = false;
    if (this.#needsSnapshot(state) && state.snapshot !== null) {
      this.#transfer(state.snapshot);
    }
    const messages: LeaderMessage[] = [];
    // A heartbeat has no entries of its own, so that its answer waits for no save.
    if (this.isDue) messages.push(this.#takeBeat(state));
    if (this.isActive) this.#takeBulk(state, messages);
    return messages;
  }

  /**
   * The peer's log agrees and is durable up to `match`. A late answer has no effect (L9); a lower
   * one in an answer to the latest round means that the peer has restarted without what it had not
   * saved.
   */
  accepted(match: Index, round: number): void {
    if (match < this.match && round >= this.round) this.#suspect();
    this.match = Math.max(this.match, match);
    const mode = this.#mode;
    if (mode.kind === "streaming") mode.window.acknowledge(match);
    else if (mode.kind === "probing" && match >= this.next - 1) this.#stream(mode.probe);
    else if (mode.kind === "snapshot" && match >= mode.snapshot.last.index) this.#stream(null);
    this.next = Math.max(this.next, this.match + 1);
  }

  /**
   * Whether a refusal of the append after `previous` counts. It does not if it is late (L9), or
   * comes from a server that lost entries which it had acknowledged (D8), which another probe would
   * not help.
   */
  isNews(previous: Index): boolean {
    if (previous <= this.match || previous >= this.next) return false;
    return this.#mode.kind === "streaming" ||
      this.#mode.kind === "probing" && previous === this.next - 1;
  }

  /** The peer refused: probes where its log may agree, at once with entries. */
  rejected(next: Index): void {
    this.next = Math.max(next, this.match + 1);
    this.#mode = { kind: "probing", probe: null };
  }

  /**
   * The peer reports how much of a snapshot it has. If that is no more than before, chunks were
   * lost or it began anew, but only in answer to a question: an answer that is doubled or late must
   * not cause chunks to be sent again. An image that another leader began is continued if this leader
   * can read it and has all entries behind it: `held` is the image's position in its log.
   */
  received(
    { last, received, cursor, round }: InstallSnapshotReply,
    { images, held }: { readonly images: Images; readonly held: Moment | null },
  ): void {
    const mode = this.#mode;
    if (mode.kind !== "snapshot") return;
    const isOther = mode.snapshot.last.index !== last.index;
    const isProgress = !isOther && mode.received !== null && received > mode.received;
    if (!isProgress && (mode.asked === null || round < mode.asked)) return;
    let place = { offset: received, cursor };
    if (isOther) {
      if (mode.received !== null || images.durable === null) return;
      if (held !== null && images.canContinue(last)) {
        mode.snapshot = { ...mode.snapshot, last: held };
      } else place = START;
    }
    mode.asked = null;
    mode.received = place.offset;
    if (isProgress) {
      mode.window.acknowledge(mode.received);
      if (mode.sent.offset < mode.received) mode.sent = place;
    } else {
      mode.window = this.#newWindow(IMAGE_BYTES_MAX);
      mode.sent = place;
      mode.isSent = false;
    }
  }

  /** Messages under way may be lost: asks at once. */
  #suspect(): void {
    if (this.#mode.kind !== "streaming" || this.#mode.window.isEmpty) return;
    this.#mode.window.suspect();
    this.isDue = true;
  }

  /**
   * Sends the snapshot: the peer's next entry is compacted, or a newer snapshot exists before it
   * has any of this one.
   */
  #needsSnapshot({ log, snapshot }: Replicated): boolean {
    const mode = this.#mode;
    if (mode.kind !== "snapshot") return this.next <= log.base.index;
    return !mode.received && !this.isActive && mode.snapshot !== snapshot;
  }

  /** Begins with a question: the peer may have a part of it from an earlier leadership. */
  #transfer(snapshot: Snapshot): void {
    const window = this.#newWindow(IMAGE_BYTES_MAX);
    const asked = { received: null, sent: START, isSent: false, window, asked: null };
    this.#mode = { kind: "snapshot", snapshot, ...asked };
    this.isDue = true;
  }

  /** The peer's log matches: entries follow within the window, behind a probe that is under way. */
  #stream(probe: { readonly last: Index; readonly bytes: number } | null): void {
    const window = this.#newWindow();
    if (probe !== null && probe.last > this.match) {
      window.push(probe.last, probe.bytes);
      this.next = Math.max(this.next, probe.last + 1);
    }
    this.#mode = { kind: "streaming", window };
  }

  #newWindow(bytesMax = Infinity): Window {
    const { inFlightAppendsMax: countMax, inFlightBytesMax } = this.#options;
    return new Window({ countMax, bytesMax: Math.min(bytesMax, inFlightBytesMax) });
  }

  /** A heartbeat: a question if there is something to ask, else without any claim. */
  #takeBeat(state: Replicated): LeaderMessage {
    this.isDue = false;
    const mode = this.#mode;
    const { log, commit, round } = state;
    if (mode.kind === "snapshot") {
      const { received, window } = mode;
      if (received === null || window.isEmpty || this.#isStalled(window, state)) {
        mode.asked ??= round;
        const { snapshot: { last, members }, sent: { offset } } = mode;
        const total = Math.max(state.images.size(mode.snapshot), offset);
        return { type: "installSnapshot", last, members, offset, data: NO_DATA, total, round };
      }
    } else this.#commitTold = commit;
    const asks = mode.kind === "probing" || mode.kind === "streaming" &&
        (mode.window.isEmpty || this.#isStalled(mode.window, state));
    // Where the log is compacted and no snapshot durable yet, there is nothing to ask about.
    const previous = asks && this.next > log.base.index ? log.positionAt(this.next - 1) : ORIGIN;
    return { type: "appendEntries", previous, entries: [], commit, round, answer: null };
  }

  /** No message under way was acknowledged for a while, although all have left this server. */
  #isStalled(window: Window, { waiting }: Replicated): boolean {
    return window.stalledTicks >= this.#options.heartbeatTicks && waiting === 0;
  }

  #takeBulk(state: Replicated, messages: LeaderMessage[]): void {
    const mode = this.#mode;
    let queued = state.waiting;
    let pieces = 0;
    if (mode.kind === "probing") {
      if (mode.probe !== null || queued > 0) return;
      const taken = this.#takeAppend(state);
      if (taken === null) return;
      mode.probe = { last: taken.last, bytes: taken.bytes };
      return void messages.push(taken.message);
    }
    while (!mode.window.isFull) {
      if (queued >= this.#options.queuedBytesMax) return;
      const taken = mode.kind === "snapshot"
        ? this.#takeChunk(mode, state)
        : this.#takeAppend(state);
      if (taken === null) return;
      messages.push(taken.message);
      queued += taken.bytes;
      this.#hasMore = queued >= this.#options.queuedBytesMax;
      mode.window.push(taken.last, taken.bytes);
      if (mode.kind === "streaming") this.next = taken.last + 1;
      else if (++pieces >= state.images.piecesMax) {
        this.#hasMore = true;
        return;
      }
    }
  }

  /** The next entries, as many as one message holds. */
  #takeAppend({ log, commit, round }: Replicated): Taken | null {
    if (this.next <= log.base.index || this.next > log.last.index) return null;
    const { appendEntriesMax: entriesMax, appendBytesMax: bytesMax } = this.#options;
    const { entries, bytes } = log.slice(this.next, { entriesMax, bytesMax });
    const previous = log.positionAt(this.next - 1);
    this.#commitTold = commit;
    const answer = null;
    const message = { type: "appendEntries", previous, entries, commit, round, answer } as const;
    return { message, bytes, last: previous.index + entries.length };
  }

  /** The next chunk. An image that can no longer be read is given up for the latest one. */
  #takeChunk(mode: Transferring, { images, snapshot, round }: Replicated): Taken | null {
    const { snapshot: { last, members }, sent } = mode;
    if (mode.received === null || mode.isSent) return null;
    const piece = images.read(mode.snapshot, sent, this.#options.snapshotChunkBytes);
    if (piece === null) {
      if (snapshot !== null) this.#transfer(snapshot);
      return null;
    }
    const { data, next, isLast } = piece;
    if (data.length === 0) return null;
    mode.sent = next;
    mode.isSent = isLast;
    const total = isLast ? next.offset : Math.max(images.size(mode.snapshot), next.offset + 1);
    const { offset } = sent;
    const message = { type: "installSnapshot", last, members, offset, data, total, round } as const;
    return { message, bytes: data.length, last: next.offset };
  }
}

/** A message of the bulk line, its size, and the index or offset at which it ends. */
interface Taken {
  readonly message: LeaderMessage;
  readonly bytes: number;
  readonly last: number;
}
