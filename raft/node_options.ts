/**
 * What a node is made of, and what it lets others see of its work.
 *
 * @module
 */

import {
  type Application,
  type Clock,
  type Entry,
  fillRaftOptions,
  type Raft,
  type RaftOptions,
  type Random,
  type Snapshot,
  type Status,
  type Storage,
  type Transport,
} from "./core/mod.ts";

/**
 * Sees what a `Node` does. It changes nothing and calls nothing of the node; what it throws
 * ends the node.
 */
export interface NodeObserver {
  /** A snapshot is about to replace the state of the application. */
  readonly restoring?: (snapshot: Snapshot) => void;
  /** Committed entries are about to be applied. */
  readonly applying?: (entries: readonly Entry[]) => void;
  /** The role, term or known leader changed. */
  readonly changed?: (status: Status) => void;
  /** A save became durable after this time. */
  readonly saved?: (ms: number) => void;
  /** The node starts, or a turn is over. */
  readonly turned?: (core: Raft) => void;
  /** The role, vote, commit index or snapshot changed, in words. */
  readonly traced?: (event: string) => void;
}

/** What a `Node` is made of. */
export interface NodeOptions extends RaftOptions {
  /** Length of a tick, in which the core counts time: milliseconds, above 0. @default {25} */
  readonly tickMs?: number;
  /** A larger command is refused: each has to fit a message of the transport. @default {8 MiB} */
  readonly commandBytesMax?: number;
  /** Where the state survives a crash. */
  readonly storage: Storage;
  /** The way to the other servers. */
  readonly transport: Transport;
  /** The time that the ticks follow. */
  readonly clock: Clock;
  /** Spreads the election timeouts. */
  readonly random: Random;
  /** What the entries are applied to. */
  readonly application: Application;
  /**
   * Called once if the node dies by itself: a failed save, a broken invariant. It does nothing any
   * more then, but `Node.stop` is still needed to close the storage.
   */
  readonly failed: (error: unknown) => void;
  /**
   * Called once if this server is not a member of the cluster any more by what is committed, and does
   * not lead it any more. It stays quiet from then on and may be stopped; added again, it goes on.
   */
  readonly removed?: () => void;
  /** Sees what the node does. @default {nothing is seen} */
  readonly observer?: NodeObserver;
}

/** Values of options that are left out. */
export const NODE_DEFAULTS = { tickMs: 25, commandBytesMax: 8 * 2 ** 20, observer: {} };

/** Refuses what makes no sense before the storage makes an empty folder ours. */
export function checkOptions(options: NodeOptions): void {
  fillRaftOptions(options);
  const { tickMs, commandBytesMax } = { ...NODE_DEFAULTS, ...options };
  for (const [name, value] of Object.entries({ tickMs, commandBytesMax })) {
    if (value > 0 && value < Infinity) continue;
    throw new RangeError(`Cannot use ${name}: wanted a number above 0, got ${value}`);
  }
}
