/**
 * How far back reads reach: a bounded number of bytes that older versions hold, and of revisions, and a
 * bounded time. Each server has its own bounds.
 *
 * @module
 */

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

/** What an older version takes beside its value, roughly. */
const VERSION_BYTES = 150;

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

  /** Nothing so far. */
  constructor(limits: HistoryLimits = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /** The same limits, and no revision. */
  emptied(): History {
    return new History(this.#limits);
  }

  /**
   * Adds a revision that superseded values of so many bytes. Returns the oldest revision that is to
   * stay readable.
   */
  add({ revision, bytes, at }: Superseding): number {
    const cost = bytes + VERSION_BYTES;
    this.#revisions.push(revision);
    this.#bytes.push(cost);
    this.#times.push(at);
    this.#total += cost;
    const { revisions, bytes: bytesMax, ms } = this.#limits;
    while (
      this.#revisions.length - this.#first > revisions || this.#total > bytesMax ||
      at - (this.#times[this.#first] ?? at) > ms
    ) this.#drop();
    return this.#revisions[this.#first] ?? revision;
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
