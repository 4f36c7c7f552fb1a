/**
 * Flushes and merges beside the turns of a node: one of each at a time, so that a long merge keeps no
 * memory table waiting.
 *
 * @module
 */

import { type Clock, type Files, type ImagesHost, storageErrorOf } from "../../raft/mod.ts";
import type { Tables } from "./tables.ts";

/** How soon a flush is tried again that waits for the log. */
const RETRY_MS = 5;

type Work = "write" | "merge";

/** What the work is done on, and when. */
export interface BackgroundOptions {
  readonly tables: Tables;
  /** False: no new piece of work may begin. */
  readonly mayWork: () => boolean;
  /** A piece of work is done. */
  readonly moved: () => void;
}

/** The background work of tables. */
export class Background {
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #options: BackgroundOptions;
  readonly #working = new Map<Work, Promise<void>>();
  #host: ImagesHost | null = null;
  /** What found no room when it last ran. */
  readonly #starved = new Set<Work>();

  constructor(
    { files, clock }: { readonly files: Files; readonly clock: Clock },
    options: BackgroundOptions,
  ) {
    this.#files = files;
    this.#clock = clock;
    this.#options = options;
  }

  /** Names the node; from now on there may be work. */
  attach(host: ImagesHost): void {
    this.#host = host;
    this.begin();
  }

  /** False: the disk is full, so that nothing leaves the memory. */
  get hasRoom(): boolean {
    return this.#starved.size === 0;
  }

  /** Begins to work, unless that is under way or there is nothing to do. */
  begin(): void {
    const { mustWrite, mustMerge } = this.#options.tables;
    if (mustWrite) this.#run("write");
    if (mustMerge) this.#run("merge");
  }

  /** Resolves when the pieces of work are done that are under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#working.values());
  }

  #run(kind: Work): void {
    const host = this.#host;
    if (host === null || this.#working.has(kind) || !this.#options.mayWork()) return;
    this.#working.set(kind, this.#workOn(kind, host));
  }

  /** One table or merge after the other, until nothing is left or the log has to get on first. */
  async #workOn(kind: Work, host: ImagesHost): Promise<void> {
    const { tables, mayWork, moved } = this.#options;
    let pause: Promise<void> | null = null;
    try {
      while (mayWork()) {
        const isDone = kind === "write"
          ? await tables.writeMemory(host.durable())
          : await tables.merge();
        if (!isDone) break;
        this.#starved.delete(kind);
        moved();
        this.begin();
        host.changed();
      }
      this.#working.delete(kind);
      if (kind === "write" && tables.mustWrite && mayWork()) {
        pause = new Promise((resolve) => void this.#clock.after(RETRY_MS, resolve));
      } else if (mayWork()) this.begin(); // what became due while this was ending
    } catch (error) {
      const failure = storageErrorOf(error);
      if (failure.kind === "full") {
        this.#starved.add(kind);
        pause = this.#files.pause();
        host.changed();
      } else host.failed(failure);
      this.#working.delete(kind);
    }
    if (pause === null) return;
    // Nobody waits for the pause: what is under way has ended.
    pause.then(() => this.begin(), (error) => host.failed(error));
  }
}
