/**
 * Hands to the application what the core has decided, in order. An image may take long to restore:
 * that is done in slices, and what the core decides meanwhile waits until it is done.
 *
 * Invariant: the application gets an image, the entries behind it and the reads behind those in the
 * order of the core's decisions, each once; entries that a newer image covers are left out.
 *
 * @module
 */

import type { Application, Clock, Effects, Image, Snapshot, Steps } from "./core/mod.ts";
import type { NodeObserver } from "./node_options.ts";

/** How long the thread may be held at a time (X8). */
export const SLICE_MS = 2;

/** What a turn decides for the application. */
export type Decided = Pick<Effects, "restore" | "apply" | "reads">;

/** What a {@linkcode Feeder} is made of. */
export interface FeederOptions {
  readonly application: Application;
  readonly observer?: NodeObserver;
  readonly clock: Clock;
  /** Called with what the application throws in a later slice. */
  readonly failed: (error: unknown) => void;
  /** Nothing is handed over any more once this is true. */
  readonly isStopped: () => boolean;
}

/** Feeds one application. */
export class Feeder {
  readonly #options: FeederOptions;
  /** The rest of the image that is being restored. */
  #steps: Steps | null = null;
  /** What was decided since the image. */
  #held: Decided[] = [];

  constructor(options: FeederOptions) {
    this.#options = options;
  }

  /** Decisions of one turn. */
  give(decided: Decided): void {
    if (decided.restore !== null) this.#restore(decided.restore);
    if (this.#steps === null && this.#held.length === 0) this.#hand(decided);
    else this.#held.push(decided);
  }

  #restore(snapshot: Snapshot): void {
    // The image covers all entries that wait; reads that wait are decided, and must be answered.
    for (const [place, { reads }] of this.#held.entries()) {
      this.#held[place] = { restore: null, apply: [], reads };
    }
    const { application, observer } = this.#options;
    observer?.restoring?.(snapshot);
    const steps = application.restore(snapshot);
    this.#steps = steps ?? null;
    if (steps !== undefined) this.#go(steps);
  }

  #go(steps: Steps): void {
    const { clock } = this.#options;
    if (!runSlice(steps, clock).done) {
      return this.#later(() => this.#steps === steps && this.#go(steps));
    }
    this.#steps = null;
    if (this.#held.length > 0) this.#later(() => this.#handNext());
  }

  /** One turn's decisions at a time: each is as much as the core allows for a turn. */
  #handNext(): void {
    if (this.#steps !== null) return;
    const [next] = this.#held;
    if (next === undefined) return;
    this.#hand(next);
    this.#held.shift();
    if (this.#held.length > 0) this.#later(() => this.#handNext());
  }

  #hand({ apply, reads }: Decided): void {
    const { application, observer } = this.#options;
    if (apply.length > 0) {
      observer?.applying?.(apply);
      application.apply(apply);
    }
    for (const { context, confirmed } of reads) application.read(context, confirmed);
  }

  #later(run: () => void): void {
    const { clock, failed, isStopped } = this.#options;
    clock.after(0, () => {
      if (isStopped()) return;
      try {
        run();
      } catch (error) {
        failed(error);
      }
    });
  }
}

/** Runs steps for one slice; returns the last of them. */
function runSlice<Result>(
  steps: Generator<void, Result, void>,
  clock: Clock,
): IteratorResult<void, Result> {
  const end = clock.now() + SLICE_MS;
  let step = steps.next();
  while (!step.done && clock.now() < end) step = steps.next();
  return step;
}

/** An image that is being drawn, and what is called with its size, or with `null` if it is given up. */
export interface Drawing {
  readonly image: Uint8Array | Image;
  readonly ended: (bytes: number | null) => void;
}

/** Draws an image to its end, and lets others have the thread in between; `null`: it was stopped. */
export async function drawn(
  image: Image,
  { clock, isStopped }: Pick<FeederOptions, "clock" | "isStopped">,
): Promise<Uint8Array | null> {
  while (!isStopped()) {
    const step = runSlice(image, clock);
    if (step.done) return step.value;
    await new Promise<void>((resolve) => void clock.after(0, resolve));
  }
  return null;
}

/** Restores an application to its end, and lets others have the thread in between. */
export async function restoreNow(
  snapshot: Snapshot,
  { application, clock, observer }: Pick<FeederOptions, "application" | "clock" | "observer">,
): Promise<void> {
  observer?.restoring?.(snapshot);
  const steps = application.restore(snapshot);
  while (steps !== undefined && !runSlice(steps, clock).done) {
    await new Promise<void>((resolve) => void clock.after(0, resolve));
  }
}
