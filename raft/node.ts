/**
 * The driver: gathers inputs, and in each turn makes happen what the core wants, in a fixed order.
 * It holds no rule of consensus; the order of a turn is its whole responsibility.
 *
 * @module
 */

import type { Application, Clock, Random, Storage, Transport } from "./ports.ts";
import type { Envelope, Index, NodeId, Position, Status } from "./types.ts";

/** What a {@linkcode Node} is made of. */
export interface NodeOptions {
  readonly id: NodeId;
  /** Every voter of the cluster, this node included. */
  readonly peers: readonly NodeId[];
  readonly storage: Storage;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly application: Application;
  /** Called once if the node dies by itself: a failed save, a broken invariant. */
  readonly failed: (error: unknown) => void;
}

/** One server of a cluster: a core, driven. */
export declare class Node {
  /** Loads what the storage holds, restores the application from the snapshot and starts to tick. */
  static start(options: NodeOptions): Promise<Node>;
  /** A message from a peer arrived. */
  receive(envelope: Envelope): void;
  /** The place the command will have if it commits; `null`: not the leader. */
  propose(command: Uint8Array): Position | null;
  /** Registers a linearizable read, decided later by `application.read`. False: not the leader. */
  read(context: number): boolean;
  /** The application has an image of everything up to and including `index`. */
  compact(index: Index, data: Uint8Array): void;
  status(): Status;
  /** After this call nothing is applied or sent any more; resolves when the storage is closed. */
  stop(): Promise<void>;
}
