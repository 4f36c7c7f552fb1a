/**
 * Storage in memory, for tests and simulation.
 *
 * It is not durable. What it promises: a save that resolved is never lost; a save under way at a
 * crash is lost whole, never in part, and never resolves.
 *
 * @module
 */

import {
  applySave,
  type Clock,
  EMPTY,
  type Persistent,
  type Save,
  type Storage,
} from "../core/mod.ts";

/** Options of a {@linkcode MemoryStorage}. */
export interface MemoryStorageOptions {
  /** The state at the beginning. @default {EMPTY} */
  readonly persistent?: Persistent;
  /** With a clock, each save takes `delayMs` milliseconds. */
  readonly slow?: { readonly clock: Clock; readonly delayMs: (change: Save) => number };
}

/**
 * Storage that lives as long as the object, across crashes of the node that uses it.
 *
 * @example
 * ```ts
 * import { MemoryStorage } from "@kontiki/kontiki";
 *
 * const storage = new MemoryStorage();
 * const { entries } = await storage.load();
 * console.assert(entries.length === 0, "nothing was saved yet");
 * ```
 */
export class MemoryStorage implements Storage {
  readonly hasRoom = true;
  readonly #slow: MemoryStorageOptions["slow"];
  #persistent: Persistent;
  /** Number of crashes; a save from before one has no effect. */
  #life = 0;

  /** An empty storage, unless the options fill it. */
  constructor(options: MemoryStorageOptions = {}) {
    this.#persistent = options.persistent ?? EMPTY;
    this.#slow = options.slow;
  }

  /** The state after a crash now. */
  get persistent(): Persistent {
    return this.#persistent;
  }

  /** The state that the next start finds. Also ends the use before it, as {@linkcode crash}. */
  load(): Promise<Persistent> {
    this.crash();
    return Promise.resolve(this.#persistent);
  }

  async save(change: Save): Promise<void> {
    const next = applySave(this.#persistent, change);
    if (this.#slow !== undefined) await this.#delay(this.#slow.delayMs(change));
    this.#persistent = next;
  }

  prepare(): Promise<boolean> {
    return Promise.resolve(true);
  }

  stopWaiting(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Loses the saves under way: they never take effect and never resolve. */
  crash(): void {
    this.#life++;
  }

  #delay(ms: number): Promise<void> {
    const life = this.#life;
    return new Promise((resolve) => {
      this.#slow?.clock.after(ms, () => {
        if (life === this.#life) resolve();
      });
    });
  }
}
