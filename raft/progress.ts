/**
 * What a leader knows of one peer, and how it sends to it. Calculation only: which message a peer
 * gets is decided in `raft.ts`.
 *
 * A peer is **probed** until the point where its log matches is known: one append at a time. Then
 * entries are **streamed** to it within a window, without waiting for answers. A peer that needs
 * entries which are no longer in the log gets the **snapshot** in chunks.
 *
 * Invariant: `match < next`; `match` never goes down (§5.3).
 *
 * @module
 */

import type { Index, NodeId, Position, Snapshot } from "./types.ts";

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
    /** The peer was asked how far it has got: it may say that a chunk was lost. */
    asked: boolean;
  };

/** How much may be under way to a streaming peer. */
export interface Window {
  readonly appendsMax: number;
  readonly bytesMax: number;
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
  commitTold: Index = 0;
  /** The latest heartbeat round that the peer answered. */
  round = 0;
  /** Ticks since the peer was last heard. */
  silentTicks = 0;

  constructor(id: NodeId, next: Index) {
    this.id = id;
    this.next = next;
  }

  /** Time passes. A peer silent for too long is probed again: what was under way is lost. */
  tick(silentTicksMax: number): void {
    this.silentTicks++;
    if (this.silentTicks === silentTicksMax && this.mode.kind === "streaming") this.#probe();
  }

  /** Whether the peer was heard of within the given number of ticks. */
  isActive(silentTicksMax: number): boolean {
    return this.silentTicks < silentTicksMax;
  }

  /** Any answer in this term shows that the peer still follows, as of the round it names. */
  heard(round: number): void {
    this.silentTicks = 0;
    this.round = Math.max(this.round, round);
  }

  /** How many bytes of entries may be sent now; none while a probe is unanswered. */
  room(window: Window): number {
    const mode = this.mode;
    if (mode.kind === "probing") return mode.waiting ? 0 : window.bytesMax;
    if (mode.kind === "snapshot" || mode.inFlight.length >= window.appendsMax) return 0;
    const bytes = mode.inFlight.reduce((sum, append) => sum + append.bytes, 0);
    return Math.max(0, window.bytesMax - bytes);
  }

  /** An append left, with entries up to `last`. */
  sent(last: Index, bytes: number): void {
    if (this.mode.kind === "probing") this.mode.waiting = true;
    if (this.mode.kind !== "streaming" || last < this.next) return;
    this.mode.inFlight.push({ last, bytes });
    this.next = last + 1;
  }

  /** The peer's log matches up to `match`. Old news is harmless (L9). */
  accepted(match: Index): void {
    this.match = Math.max(this.match, match);
    const mode = this.mode;
    if (mode.kind === "streaming") {
      while (mode.inFlight.length > 0 && mode.inFlight[0]!.last <= match) mode.inFlight.shift();
      this.next = Math.max(this.next, this.match + 1);
    } else if (mode.kind === "probing" || this.match >= mode.snapshot.last.index) {
      this.next = this.match + 1;
      this.mode = { kind: "streaming", inFlight: [] };
    }
  }

  /** Whether a refusal of the append after `previous` is news, or late and to be ignored (L9). */
  isNews(previous: Index): boolean {
    if (this.mode.kind === "probing") return previous === this.next - 1;
    return this.mode.kind === "streaming" && previous > this.match;
  }

  /** The peer refused: go back to where its log may match, and probe there. */
  rejected(next: Index): void {
    this.next = Math.max(next, this.match + 1);
    this.#probe();
  }

  /** The entries the peer needs are gone: send this snapshot instead. */
  startSnapshot(snapshot: Snapshot): void {
    this.mode = { kind: "snapshot", snapshot, offset: 0, waiting: false, asked: false };
  }

  /**
   * The peer says how much of a snapshot it has. Less than was assumed counts only as an answer to
   * a question: replies that come twice must not set off a chunk each.
   */
  received(last: Position, offset: number): void {
    const mode = this.mode;
    if (mode.kind !== "snapshot" || mode.snapshot.last.index !== last.index) return;
    if (offset <= mode.offset && !mode.asked) return;
    mode.offset = Math.min(offset, mode.snapshot.data.length);
    mode.waiting = false;
    mode.asked = false;
  }

  #probe(): void {
    this.mode = { kind: "probing", waiting: false };
  }
}
