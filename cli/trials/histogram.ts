/**
 * Times of many operations in little memory: buckets with a width of about one percent of their
 * time. Pure.
 *
 * @module
 */

const bucketsPerOctave = 64;
/** The resolution in milliseconds. */
const unitMs = 0.001;
const octaves = 30;

/** Counts times and computes percentiles. */
export class Histogram {
  readonly #counts = new Float64Array(bucketsPerOctave * octaves);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  /** The number of times that were added. */
  get count(): number {
    return this.#count;
  }

  /** The longest time, exactly. */
  get maxMs(): number {
    return this.#maxMs;
  }

  /** The average, exactly. */
  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count;
  }

  /** Adds one time. */
  add(ms: number): void {
    this.#count += 1;
    this.#sumMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
    const place = Math.floor(Math.log2(Math.max(1, ms / unitMs)) * bucketsPerOctave);
    this.#counts[Math.min(place, this.#counts.length - 1)]! += 1;
  }

  /** Adds all that another one has counted. */
  merge(other: Histogram): void {
    this.#count += other.#count;
    this.#sumMs += other.#sumMs;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
    for (const [place, count] of other.#counts.entries()) this.#counts[place]! += count;
  }

  /** The time within which this share (0 to 1) of the operations ended. */
  percentile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let place = 0; place < this.#counts.length; place += 1) {
      seen += this.#counts[place]!;
      // The last bucket contains all longer times.
      if (seen < rank || place === this.#counts.length - 1) continue;
      return Math.min(this.#maxMs, 2 ** ((place + 1) / bucketsPerOctave) * unitMs);
    }
    return this.#maxMs;
  }
}
