/**
 * How far back reads reach: a bounded number of bytes that older versions hold, and of revisions, and a
 * bounded time. Each server has its own bounds.
 *
 * @module
 */

import type { Mark } from "../tables/mod.ts";

/** How far back reads may reach. What is beyond any of the bounds is forgotten with the next write. */
export interface HistoryLimits {
  /** The number of revisions. @default {no bound} */
  readonly revisions?: number;
  /** The number of bytes that older versions take, roughly. @default {32 MiB} */
  readonly bytes?: number;
  /** Milliseconds of the log's steady time. @default {no bound} */
  readonly ms?: number;
}

const LIMITS: Required<HistoryLimits> = {
  revisions: Infinity,
  bytes: 32 * 1024 * 1024,
  ms: Infinity,
};

/** More marks would cost more than they say. */
const MARKS_MAX = 64;

/** What an older version takes beside its value, roughly. */
const VERSION_BYTES = 150;

/** The place of the first number that is not before. */
function lowerBound(numbers: readonly number[], isBefore: (number: number) => boolean): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = low + high >>> 1;
    if (isBefore(numbers[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Superseding {
  readonly revision: number;
  readonly bytes: number;
  /** When it happened, in steady time. */
  readonly at: number;
}

/** The latest revisions, with what each superseded. */
export class History {
  readonly #limits: Required<HistoryLimits>;
  #revisions: number[] = [];
  #bytes: number[] = [];
  #times: number[] = [];
  /** The place of the oldest of them. */
  #first = 0;
  #total = 0;

  /** Nothing so far, or what was kept for this start. */
  constructor(limits: HistoryLimits = {}, marks: readonly Mark[] = []) {
    this.#limits = { ...LIMITS, ...limits };
    for (const { revision, bytes, at } of marks) this.#push(revision, { bytes, at });
  }

  /** The same limits, and these revisions. */
  begunWith(marks: readonly Mark[]): History {
    return new History(this.#limits, marks);
  }

  /** What has to be kept to go on from a revision after a restart: a bounded number of marks. */
  marks(upTo: number): readonly Mark[] {
    const end = lowerBound(this.#revisions, (revision) => revision <= upTo);
    const step = Math.max(1, Math.ceil((end - this.#first) / MARKS_MAX));
    const marks: Mark[] = [];
    for (let from = this.#first; from < end; from += step) {
      const to = Math.min(end, from + step);
      const bytes = this.#bytes.slice(from, to).reduce((sum, cost) => sum + cost, 0);
      marks.push({ revision: this.#revisions[from]!, bytes, at: this.#times[to - 1]! });
    }
    return marks;
  }

  /**
   * Adds a revision that superseded values of so many bytes. Returns the oldest revision that is to
   * stay readable.
   */
  add({ revision, bytes, at }: Superseding): number {
    this.#push(revision, { bytes: bytes + VERSION_BYTES, at });
    const { revisions, bytes: bytesMax, ms } = this.#limits;
    while (
      this.#revisions.length - this.#first > revisions || this.#total > bytesMax ||
      at - (this.#times[this.#first] ?? at) > ms
    ) this.#drop();
    return this.#revisions[this.#first] ?? revision;
  }

  #push(revision: number, { bytes, at }: { readonly bytes: number; readonly at: number }): void {
    this.#revisions.push(revision);
    this.#bytes.push(bytes);
    this.#times.push(at);
    this.#total += bytes;
  }

  #drop(): void {
    this.#total -= this.#bytes[this.#first++]!;
    // An array gives its room back only when it is made anew.
    if (this.#first < 1024 || this.#first * 2 < this.#revisions.length) return;
    this.#revisions = this.#revisions.slice(this.#first);
    this.#bytes = this.#bytes.slice(this.#first);
    this.#times = this.#times.slice(this.#first);
    this.#first = 0;
  }
}
