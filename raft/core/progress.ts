/**
 * What a leader knows of one peer, and what it sends to it next.
 *
 * A peer is **probed** until the point where its log matches is known: one append at a time. Then
 * entries are **streamed** to it within a window, without waiting for answers. A peer that needs
 * entries which are no longer in the log gets the **snapshot** in chunks.
 *
 * Invariant: `match < next`; `match` never goes down (§5.3).
 *
 * @module
 */

import { invariant } from "./invariant.ts";
import type { Log } from "./log.ts";
import type { FullRaftOptions } from "./options.ts";
import type {
  AppendEntries,
  Index,
  InstallSnapshot,
  InstallSnapshotReply,
  NodeId,
  PeerStatus,
  Snapshot,
} from "./types.ts";

/** How a leader sends to a peer. */
export type Mode =
  | {
    readonly kind: "probing";
    /** An append is under way and not answered. */
    waiting: boolean;
  }
  | {
    readonly kind: "streaming";
    /** Appends with entries that are not acknowledged, oldest first. */
    readonly inFlight: { readonly last: Index; readonly bytes: number }[];
  }
  | {
    readonly kind: "snapshot";
    readonly snapshot: Snapshot;
    /** How much the peer has acknowledged. */
    offset: number;
    /** A chunk is under way and not acknowledged. */
    waiting: boolean;
    /** The round of the first question, since the chunk left, how far the peer has got. */
    asked: number | null;
  };

/** What a leader has to send. */
export interface Replicated {
  readonly log: Log;
  readonly snapshot: Snapshot | null;
  readonly commit: Index;
}

/** One peer as its leader sees it. Lives as long as the leadership. */
export class Progress {
  readonly id: NodeId;
  /** The highest entry known to be on the peer's disk. */
  match: Index = 0;
  /** The next entry to send. */
  next: Index;
  mode: Mode = { kind: "probing", waiting: false };
  /** Something must be sent even without entries: a heartbeat, a read's round, commit news. */
  isDue = true;
  /** The commit index the peer was last told. */
  #commitTold: Index = 0;
  /** The latest heartbeat round that the peer answered. */
  round = 0;
  /** Ticks since the peer was last heard. */
  #silentTicks = 0;
  readonly #options: FullRaftOptions;

  constructor(id: NodeId, next: Index, options: FullRaftOptions) {
    this.id = id;
    this.next = next;
    this.#options = options;
  }

  /** Whether the peer was heard within an election timeout. */
  get isActive(): boolean {
    return this.#silentTicks < this.#options.electionTicks;
  }

  /** A look from outside. */
  status(): PeerStatus {
    const { id, match, next, isActive: active } = this;
    return { id, mode: this.mode.kind, match, next, active };
  }

  /** Whether it helps to tell the peer what is committed: it answers, and follows the log. */
  awaitsCommit(commit: Index): boolean {
    return this.isActive && this.mode.kind !== "snapshot" && this.#commitTold < commit;
  }

  /** Time passes. A peer silent for too long is probed again: what was under way is lost. */
  tick(): void {
    this.#silentTicks++;
    if (!this.isActive && this.mode.kind === "streaming") this.#probe();
  }

  /** Something arrives from the peer; of which term it will turn out to be is not known yet. */
  alive(): void {
    this.#silentTicks = 0;
  }

  /** Any answer in this term shows that the peer still follows, as of the round it names. */
  heard(round: number): void {
    this.alive();
    this.round = Math.max(this.round, round);
  }

  /** The one message the peer gets now: entries, a chunk of a snapshot, a heartbeat, or nothing. */
  takeMessage(state: Replicated, round: number): AppendEntries | InstallSnapshot | null {
    if (this.#needsSnapshot(state)) {
      invariant(state.snapshot !== null, "a compacted log has a snapshot");
      const { snapshot } = state;
      this.mode = { kind: "snapshot", snapshot, offset: 0, waiting: false, asked: null };
    }
    return this.mode.kind === "snapshot"
      ? this.#takeChunk(this.mode, round)
      : this.#takeAppend(state, round);
  }

  /** The peer's log matches up to `match`. Old news is harmless (L9). */
  accepted(match: Index): void {
    const isNews = match > this.match;
    this.match = Math.max(this.match, match);
    this.next = Math.max(this.next, this.match + 1);
    const mode = this.mode;
    if (mode.kind === "streaming") {
      while (mode.inFlight.length > 0 && mode.inFlight[0]!.last <= match) mode.inFlight.shift();
    } else if (mode.kind === "probing" || isNews) {
      this.next = this.match + 1;
      this.mode = { kind: "streaming", inFlight: [] };
    }
  }

  /**
   * Whether a refusal of the append after `previous` is news, or to be ignored: late (L9), or from a
   * server that lost what it acknowledged (D8), which another probe would not help.
   */
  isNews(previous: Index): boolean {
    if (previous <= this.match) return false;
    return this.mode.kind === "streaming" ||
      this.mode.kind === "probing" && previous === this.next - 1;
  }

  /** The peer refused: go back to where its log may match, and probe there, at once with entries. */
  rejected(next: Index): void {
    this.next = Math.max(next, this.match + 1);
    this.#probe();
  }

  /**
   * The peer says how much of a snapshot it has. No more than before means that the chunk was lost,
   * but only in answer to a question that left after the chunk: an answer that comes twice, or had a
   * long way, must not set off another chunk.
   */
  received({ last, received, round }: InstallSnapshotReply): void {
    const mode = this.mode;
    if (mode.kind !== "snapshot" || mode.snapshot.last.index !== last.index) return;
    if (received <= mode.offset && (mode.asked === null || round < mode.asked)) return;
    mode.offset = Math.min(received, mode.snapshot.data.length);
    mode.waiting = false;
    mode.asked = null;
  }

  /** The peer's next entry is compacted; or a newer snapshot is there before it got any of this. */
  #needsSnapshot({ log, snapshot }: Replicated): boolean {
    const { mode } = this;
    if (mode.kind !== "snapshot") return this.next <= log.base.index;
    return mode.offset === 0 && !this.isActive && mode.snapshot !== snapshot;
  }

  #takeAppend({ log, commit }: Replicated, round: number): AppendEntries | null {
    const room = this.#room();
    const { appendEntriesMax, appendBytesMax } = this.#options;
    const limits = { entriesMax: appendEntriesMax, bytesMax: Math.min(appendBytesMax, room) };
    const { entries, bytes } = room > 0 ? log.slice(this.next, limits) : { entries: [], bytes: 0 };
    if (entries.length === 0 && !this.isDue) return null;
    const previous = log.positionAt(this.next - 1);
    if (this.mode.kind === "probing") this.mode.waiting = true;
    else if (this.mode.kind === "streaming" && entries.length > 0) {
      const last = previous.index + entries.length;
      this.mode.inFlight.push({ last, bytes });
      this.next = last + 1;
    }
    this.isDue = false;
    this.#commitTold = commit;
    return { type: "appendEntries", previous, entries, commit, round };
  }

  /** How many bytes of entries may leave now. A silent peer gets heartbeats only. */
  #room(): number {
    const { inFlightAppendsMax, inFlightBytesMax } = this.#options;
    const { mode } = this;
    if (!this.isActive || mode.kind === "snapshot") return 0;
    if (mode.kind === "probing") return mode.waiting ? 0 : inFlightBytesMax;
    if (mode.inFlight.length >= inFlightAppendsMax) return 0;
    return inFlightBytesMax - mode.inFlight.reduce((sum, append) => sum + append.bytes, 0);
  }

  /** The next chunk; while one is under way only a question how far the peer has got. */
  #takeChunk(mode: Extract<Mode, { kind: "snapshot" }>, round: number): InstallSnapshot | null {
    const carries = !mode.waiting && this.isActive;
    if (!carries && !this.isDue) return null;
    if (carries) mode.waiting = true;
    else mode.asked ??= round;
    this.isDue = false;
    const { offset, snapshot: { last, data: image } } = mode;
    const data = image.subarray(
      offset,
      carries ? offset + this.#options.snapshotChunkBytes : offset,
    );
    return { type: "installSnapshot", last, offset, data, total: image.length, round };
  }

  #probe(): void {
    this.mode = { kind: "probing", waiting: false };
  }
}

/** The highest value that a majority has reached. */
export function quorumValue(values: number[]): number {
  values.sort((a, b) => b - a);
  return values[Math.floor(values.length / 2)]!;
}
