/**
 * The disk of a simulated server from a start to its end: saves take virtual time, and one that is
 * under way at a crash is found whole or not at all after the restart. A real disk may do either.
 *
 * @module
 */

import type { Clock, Persistent, Save, Storage } from "../../raft/mod.ts";
import type { DurableLog } from "./durable_log.ts";

/** Options of a {@linkcode SimStorage}. */
export interface SimStorageOptions {
  /** The durable state, which outlives this object. */
  readonly durable: DurableLog;
  readonly clock: Clock;
  /** The time that the next save takes. */
  readonly delayMs: () => number;
  /** Called with a durable change, before its save resolves. */
  readonly saved: (change: Save) => void;
  /** Called before a promise is settled. */
  readonly settling: () => void;
}

/** Storage in memory that takes time and may be interrupted by a crash. */
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

  stopWaiting(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Ends it at a crash: a save under way is durable, or not. */
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
