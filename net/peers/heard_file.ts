/**
 * Keeps what this node has heard of its peers in its folder, so that it still knows an older copy of
 * their folders after a restart of its own (D8).
 *
 * Invariant: one write at a time, at most one in {@linkcode PAUSE_MS}, none after the end; the last one
 * has what was given last.
 *
 * @module
 */

import { type Folder, type Heard, storageErrorOf } from "../../raft/mod.ts";

/** The pause after a write. What was heard in the meantime is lost when the process is killed. */
const PAUSE_MS = 1_000;

/** Writes the members file whenever something was heard. */
export class HeardFile {
  readonly #folder: Folder;
  readonly #write: (folder: Folder) => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #next: readonly Heard[] | null = null;
  #writing: Promise<void> | null = null;
  #isClosed = false;
  #wake: () => void = () => {};

  /** A write that fails calls `failed`, unless the disk is full: then a later one is tried. */
  constructor(
    { folder, write, failed }: {
      readonly folder: Folder;
      readonly write: (folder: Folder) => Promise<void>;
      readonly failed: (error: unknown) => void;
    },
  ) {
    this.#folder = folder;
    this.#write = write;
    this.#failed = failed;
  }

  /** Keeps this instead of what was heard before. */
  keep(heard: readonly Heard[]): void {
    if (this.#isClosed) return;
    this.#next = heard;
    this.#writing ??= this.#run().finally(() => this.#writing = null);
  }

  /** Writes what was given last; resolves when nothing is written any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await this.#writing;
  }

  async #run(): Promise<void> {
    for (let heard = this.#next; heard !== null; heard = this.#next) {
      this.#next = null;
      try {
        await this.#write({ ...this.#folder, heard });
      } catch (error) {
        if (storageErrorOf(error).kind !== "full") return this.#failed(error);
        if (this.#isClosed && this.#next === null) return;
        this.#next ??= heard;
      }
      if (!this.#isClosed) await this.#pause();
    }
  }

  #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, PAUSE_MS);
    this.#wake = () => (clearTimeout(timer), resolve());
    return promise;
  }
}
