/**
 * A disk for one life of a simulated server: saves take virtual time, and one that is under way at
 * a crash is found whole or not at all by the next life; either is what a real disk may do.
 *
 * @module
 */

import type { Clock, Persistent, Save, Storage } from "../../raft/mod.ts";
import type { DurableLog } from "./durable_log.ts";

/** What a {@linkcode SimStorage} is made of. */
export interface SimStorageOptions {
  /** What the disk holds; outlives this object. */
  readonly durable: DurableLog;
  readonly clock: Clock;
  /** How long the next save takes. */
  readonly delayMs: () => number;
  /** Told of what is durable now, before the save resolves. */
  readonly saved: (change: Save) => void;
  /** Told that a promise is about to be settled. */
  readonly settling: () => void;
}

/** Storage in memory that takes time and may be cut off. */
export class SimStorage implements Storage {
  readonly hasRoom = true;
  readonly #options: SimStorageOptions;
  #pending: Save | null = null;

  constructor(options: SimStorageOptions) {
    this.#options = options;
  }

  load(): Promise<Persistent> {
    return Promise.resolve(this.#options.durable.persistent());
  }

  save(change: Save): Promise<void> {
    if (this.#pending !== null) throw new Error("Cannot save: wanted one save at a time, got two");
    this.#pending = change;
    return new Promise((resolve) => {
      this.#later(() => {
        this.#finish(change);
        resolve();
      });
    });
  }

  prepare(): Promise<boolean> {
    return new Promise((resolve) => this.#later(() => resolve(true)));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The server died: a save under way reached the disk, or did not. */
  crash(reached: boolean): void {
    if (this.#pending !== null && reached) this.#finish(this.#pending);
  }

  #later(run: () => void): void {
    const { clock, delayMs, settling } = this.#options;
    clock.after(delayMs(), () => {
      settling();
      run();
    });
  }

  #finish(change: Save): void {
    this.#pending = null;
    this.#options.durable.apply(change);
    this.#options.saved(change);
  }
}
