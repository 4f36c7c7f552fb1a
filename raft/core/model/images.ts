/**
 * The port through which the core reads images of the state, and hands over those of other servers.
 *
 * @module
 */

import type { Entry, Index, InstallSnapshot, NodeId, Position, Snapshot } from "./types.ts";

/** A place in an image. Only the {@linkcode Images} that made the cursor understand it. */
export interface ImagePlace {
  /** The number of bytes that are before it. */
  readonly offset: number;
  /** Says where to go on, where the offset does not. */
  readonly cursor: Uint8Array;
}

/** A piece of an image. */
export interface ImagePiece {
  /** Its bytes. */
  readonly data: Uint8Array;
  /** Where the image goes on. */
  readonly next: ImagePlace;
  /** Whether the image ends here. */
  readonly isLast: boolean;
}

/** A chunk of a leader's image, or, without data, the question where the image goes on. */
export interface ImageChunk
  extends Pick<InstallSnapshot, "last" | "members" | "offset" | "data" | "total"> {
  /** The leader. */
  readonly from: NodeId;
}

/** How far an image has arrived. */
export interface Arrival {
  /** The last entry that it covers. */
  readonly last: Position;
  /** The next place wanted. */
  readonly place: ImagePlace;
  /** Some chunks are not processed yet: the place will move on by itself. */
  readonly isBusy: boolean;
  /** The image has arrived whole, and is in force: what stands in for the log up to it. */
  readonly snapshot: Snapshot | null;
}

/** What {@linkcode Images} may use of the node. */
export interface ImagesHost {
  /** An image moved on, became durable, or entries can be applied again. */
  changed(): void;
  /** Something failed for good: the node ends. */
  failed(error: unknown): void;
  /** The last index that the log has durable: no state may be durable beyond it (T1). */
  durable(): Index;
}

/**
 * Where images of the state are read from, and where those of other servers go. A machine in memory
 * has images of bytes, which the storage keeps; a machine on disk keeps its state durable itself.
 */
export interface Images {
  /** The position up to which the state is durable without the log; `null`: the storage keeps images. */
  readonly durable: Snapshot | null;
  /** False: no entries may be applied until {@linkcode ImagesHost.changed} is called. */
  readonly canApply: boolean;
  /**
   * False: the disk of the state is full. The leader then refuses commands, and applies what its log
   * already has all the same, so that it can answer reads (D5).
   */
  readonly hasRoom: boolean;
  /** How many pieces may be read in one turn. */
  readonly piecesMax: number;
  /** Opens what is on the disk. Called once, first, when the log's folder is this process's alone. */
  open(): Promise<void>;
  /** Names the node, which acts on what changes from now on. */
  attach(host: ImagesHost): void;
  /** About how many bytes an image has. */
  size(snapshot: Snapshot): number;
  /** Whether the image of a position can be read from the middle on, as another server began it. */
  canContinue(last: Position): boolean;
  /** The piece of an image at a place, of about `bytesMax`; `null`: it can no longer be read. */
  read(snapshot: Snapshot, place: ImagePlace, bytesMax: number): ImagePiece | null;
  /** Takes a chunk if it is the next one, and begins a new image if it is the first of one. */
  receive(chunk: ImageChunk): Arrival;
  /** How far an image has come since the last call; `null`: no further than was said. */
  takeArrival(): Arrival | null;
  /** These entries were applied, at least one. */
  advance(entries: readonly Entry[]): void;
  /** The log has grown long: the state should become durable soon. */
  flush(): void;
  /** Ends all work, and lets go of files; before a clean end the state becomes durable. */
  close(isClean: boolean): Promise<void>;
}
