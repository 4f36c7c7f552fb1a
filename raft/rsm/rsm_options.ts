/**
 * What the replicated state machine needs, what it is made of, and what becomes of a command.
 *
 * @module
 */

import type { Clock, Image, Index, NodeId, Position, StateMachine } from "../core/mod.ts";

/** What {@linkcode Rsm} needs of a {@linkcode Node}. */
export interface Log {
  /** Appends a command; `null` if this server does not lead. */
  propose(command: Uint8Array): Position | null;
  /** Asks for a read to be confirmed; `false` if this server does not lead. */
  read(context: number): boolean;
  /** Lets an image stand in for the log up to the index; `false`: none is needed now. */
  draw(index: Index, snapshot: () => Uint8Array | Image): boolean;
}

/** What became of a submitted command, or of a read. */
export type Outcome =
  /** Applied; the reply is the machine's. */
  | { readonly kind: "done"; readonly reply: Uint8Array }
  /** Never entered this server's log, or was a read: safe to send again. */
  | { readonly kind: "notLeader"; readonly leader: NodeId | null }
  /** Another entry took its place: it will never be applied, safe to send again. */
  | { readonly kind: "lost"; readonly leader: NodeId | null }
  /** Too much is waiting to answer in time; never entered the log. */
  | { readonly kind: "overloaded" }
  /** In some log, may still be applied or not. */
  | { readonly kind: "unknown"; readonly leader: NodeId | null };

/** What an {@linkcode Rsm} is made of. */
export interface RsmOptions {
  /** What the commands are applied to. */
  readonly machine: StateMachine;
  /** Measures how long callers wait. */
  readonly clock: Pick<Clock, "now">;
  /** Takes a snapshot when the applied entries of the log exceed this; `null`: never. */
  readonly logBytesMax: number | null;
  /** How many submits and reads may wait at a time. @default {65536} */
  readonly waitingMax?: number;
  /** How many bytes of commands and questions may wait at a time. @default {64 MiB} */
  readonly waitingBytesMax?: number;
  /** How many submits may be in the log at a time; more of them wait in front of it. @default {4096} */
  readonly inLogMax?: number;
  /** How many bytes of submits may be in the log at a time, or one submit. @default {16 MiB} */
  readonly inLogBytesMax?: number;
}

/** What is used where an option says nothing. */
export const RSM_LIMITS = {
  waitingMax: 65_536,
  waitingBytesMax: 64 * 2 ** 20,
  inLogMax: 4096,
  inLogBytesMax: 16 * 2 ** 20,
};
