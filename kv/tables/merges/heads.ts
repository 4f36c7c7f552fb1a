/**
 * The sources of a merge in the order of what they stand at.
 *
 * @module
 */

/** Sources that are kept in order while the first of them moves on. */
export class Heads<Source> {
  readonly #comesBefore: (one: Source, other: Source) => boolean;
  readonly #sources: Source[] = [];

  /** `comesBefore` decides between any two; of equal sources the one that was added first comes first. */
  constructor(comesBefore: (one: Source, other: Source) => boolean) {
    this.#comesBefore = comesBefore;
  }

  /** The number of sources. */
  get length(): number {
    return this.#sources.length;
  }

  /** The first source. */
  get first(): Source | undefined {
    return this.#sources[0];
  }

  /** The source behind the first one. */
  get second(): Source | undefined {
    return this.#sources[1];
  }

  /** One more source, behind those that it equals. */
  add(source: Source): void {
    this.#insert(source, 0);
  }

  /** The first source has moved on. */
  moved(): void {
    const sources = this.#sources;
    const first = sources[0]!;
    const next = sources[1];
    if (next === undefined || this.#comesBefore(first, next)) return;
    sources.shift();
    this.#insert(first, 1);
  }

  /** The first source has nothing left. */
  ended(): void {
    this.#sources.shift();
  }

  #insert(source: Source, from: number): void {
    const sources = this.#sources;
    let low = Math.min(from, sources.length);
    let high = sources.length;
    while (low < high) {
      const middle = low + high >>> 1;
      if (this.#comesBefore(source, sources[middle]!)) high = middle;
      else low = middle + 1;
    }
    sources.splice(low, 0, source);
  }
}
