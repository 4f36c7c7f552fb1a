/**
 * What a store keeps its entries in: {@linkcode Tables} on a disk, or {@linkcode MemoryState}.
 *
 * Keys are binary strings, one character per byte, ordered by their bytes. The revision of an entry is
 * the log index of its write.
 *
 * @module
 */

import type { Moment } from "../../../raft/mod.ts";
import type { Entry, Mark } from "../files/mod.ts";
import type { Scannable } from "./range.ts";

/**
 * A sorted, versioned map. All that is read at or after `oldest`, or at a revision that is held, depends
 * on the writes alone.
 */
export interface State extends Scannable {
  /** The position of the log up to which entries were added. */
  readonly position: Moment;
  /** State at this revision and later ones can be read. */
  readonly oldest: number;
  /** Deletions before this revision are forgotten, as {@linkcode State.forget} said. */
  readonly deletions: number;

  /**
   * The newest version of a key up to a revision (the newest of all, if none is given), a deletion
   * included: its value is `null`. `null`: there is none, or a deletion that is forgotten.
   */
  get(key: string, revision?: number): Entry | null;

  /**
   * Adds a version of a key. Its revision is at least that of every entry before; of two with the same
   * key and revision the later counts. It is visible to {@linkcode State.get} at once.
   */
  add(entry: Entry): void;

  /** Everything up to this position of the log was added. */
  advance(position: Moment): void;

  /**
   * Keeps the state at a revision readable until the function that is returned is called. With
   * `deletions` also the deletions from that revision on, as an image at the revision needs them.
   *
   * @throws {InvariantError} If the revision is older than {@linkcode State.oldest}, and not held.
   */
  hold(revision: number, deletions?: number): () => void;

  /**
   * State before `horizon` need not stay readable. Deletions before `deletions` are forgotten at once
   * on every server that applies this at the same position: so it must follow from the log alone.
   */
  forget(horizon: number, deletions: number): void;

  /** How the bounds of the history stood at the start: from there on it is to be bounded further. */
  readonly marks: readonly Mark[];

  /** Says how they stand up to a revision, whenever that is to be made durable. */
  keepMarks(marksUpTo: (revision: number) => readonly Mark[]): void;
}
