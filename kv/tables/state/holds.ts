/**
 * Revisions that must stay readable, because a read at them is under way.
 *
 * @module
 */

interface Hold {
  readonly revision: number;
  readonly deletions: number;
}

/** The readers of old revisions. */
export class Holds {
  readonly #holds = new Set<Hold>();
  #revisions: readonly number[] = [];

  /** The revisions that have readers. */
  get revisions(): readonly number[] {
    return this.#revisions;
  }

  /** The oldest revision that has a reader; `Infinity` without any. */
  get oldest(): number {
    return this.#least(({ revision }) => revision);
  }

  /** Some reader wants the deletions from this revision on; `Infinity`: no reader does. */
  get oldestDeletions(): number {
    return this.#least(({ deletions }) => deletions);
  }

  /** One more reader, until the function that is returned is called. */
  hold(revision: number, deletions = Infinity): () => void {
    const hold = { revision, deletions };
    this.#holds.add(hold);
    this.#update();
    return () => {
      this.#holds.delete(hold);
      this.#update();
    };
  }

  /** Kept as a list, which every write reads. */
  #update(): void {
    this.#revisions = [...new Set([...this.#holds].map(({ revision }) => revision))];
  }

  #least(numberOf: (hold: Hold) => number): number {
    let least = Infinity;
    for (const hold of this.#holds) least = Math.min(least, numberOf(hold));
    return least;
  }
}
