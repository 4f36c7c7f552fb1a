/**
 * Revisions that must stay readable, because somebody is reading at them.
 *
 * @module
 */

/** Counts the readers of each revision. */
export class Holds {
  readonly #counts = new Map<number, number>();

  /** The oldest revision that has a reader; `Infinity` without any. */
  get oldest(): number {
    return Math.min(...this.#counts.keys());
  }

  /** One more reader, until the function that is returned is called. */
  hold(revision: number): () => void {
    this.#counts.set(revision, (this.#counts.get(revision) ?? 0) + 1);
    return () => {
      const count = this.#counts.get(revision)! - 1;
      if (count === 0) this.#counts.delete(revision);
      else this.#counts.set(revision, count);
    };
  }
}
