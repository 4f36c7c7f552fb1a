/**
 * The log below a replicated state machine, its options, and the outcomes of commands.
 *
 * @module
 */

import type {
  Clock,
  Image,
  Images,
  Index,
  NodeId,
  Position,
  Random,
  StateMachine,
} from "../core/mod.ts";

/** The part of a {@linkcode Node} that {@linkcode Rsm} uses. */
export interface ReplicatedLog {
  /** Appends a command; `null` if this server does not lead. */
  propose(command: Uint8Array): Position | null;
  /** Requests the confirmation of a read; `false` if this server knows of no leader to confirm it. */
  read(context: number): boolean;
  /** How many milliseconds ago the state up to an index was certainly still the newest. */
  ageMs?(applied: Index): number | null;
  /**
   * Lets an image stand in for the log up to the index; `false`: none is needed now. `ended` is
   * called with the size of the image, or with `null` if it could not be written.
   */
  draw(
    index: Index,
    snapshot: () => Uint8Array | Image,
    ended: (bytes: number | null) => void,
  ): boolean;
  /** False: this server's disk is full, and nothing should be proposed. */
  readonly hasRoom: boolean;
}

/** The outcome of a submitted command, or of a read. */
export type Outcome =
  /** Applied; the reply is the machine's. */
  | { readonly kind: "done"; readonly reply: Uint8Array }
  /** It never entered this server's log, or was a read: it is safe to send again. */
  | { readonly kind: "notLeader"; readonly leader: NodeId | null }
  /** Another entry has its index: it will never be applied and is safe to send again. */
  | { readonly kind: "lost"; readonly leader: NodeId | null }
  /** Too much is pending for an answer in time; it never entered the log. */
  | { readonly kind: "overloaded" }
  /** The disk of this server is full; it never entered the log. */
  | { readonly kind: "full" }
  /** It is in some log and may or may not be applied. */
  | { readonly kind: "unknown"; readonly leader: NodeId | null };

/** Options of an {@linkcode Rsm}. */
export interface RsmOptions {
  /** The state machine. */
  readonly machine: StateMachine;
  /** Where a machine that keeps its state on a disk has its images. @default {they are bytes} */
  readonly images?: Images;
  /** The clock that measures waiting times. */
  readonly clock: Pick<Clock, "now" | "soon" | "after">;
  /**
   * Takes a snapshot when the applied entries of the log exceed this, or half of the last image if
   * that is more; `null` for never.
   */
  readonly logBytesMax: number | null;
  /**
   * Lets the servers of a cluster take snapshots at different moments: each up to a quarter of the
   * threshold early. @default {at the same}
   */
  readonly random?: Random;
  /** Maximum of pending submits and reads. @default {65536} */
  readonly waitingMax?: number;
  /** Maximum bytes of pending commands and queries. @default {64 MiB} */
  readonly waitingBytesMax?: number;
  /** Maximum of submits in the log at a time; further ones are queued. @default {4096} */
  readonly inLogMax?: number;
  /** Maximum bytes of submits in the log at a time, or one submit. @default {16 MiB} */
  readonly inLogBytesMax?: number;
}

/** Default limits. */
export const RSM_LIMITS = {
  waitingMax: 65_536,
  waitingBytesMax: 64 * 2 ** 20,
  inLogMax: 4096,
  inLogBytesMax: 16 * 2 ** 20,
};
