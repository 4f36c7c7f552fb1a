/**
 * Lets so much work run at once, and the rest wait in its order.
 *
 * @module
 */

/** Turns of work that weighs something. */
export class Turns {
  readonly #max: number;
  readonly #waiting: { readonly weight: number; readonly begin: () => void }[] = [];
  #taken = 0;

  /** All work that runs weighs so much together. Heavier work runs alone. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Runs the work when it is its turn. */
  async run<T>(weight: number, work: () => Promise<T>): Promise<T> {
    const own = Math.min(weight, this.#max);
    if (this.#waiting.length > 0 || this.#taken + own > this.#max) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push({ weight: own, begin: resolve });
      await promise;
    } else this.#taken += own;
    try {
      return await work();
    } finally {
      this.#taken -= own;
      this.#next();
    }
  }

  #next(): void {
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      if (this.#taken + first.weight > this.#max) return;
      this.#taken += first.weight;
      this.#waiting.shift();
      first.begin();
    }
  }
}
