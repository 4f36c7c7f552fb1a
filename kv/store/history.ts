/**
 * How far back reads reach: a bounded number of revisions, and of bytes that they hold.
 *
 * @module
 */

/** How far back reads may reach. */
export interface HistoryLimits {
  /** The number of revisions. */
  readonly revisions: number;
  /** The number of bytes that older versions take, roughly. */
  readonly bytes: number;
}

const LIMITS: HistoryLimits = { revisions: 250_000, bytes: 32 * 1024 * 1024 };

/** What an older version takes beside its value, roughly. */
const VERSION_BYTES = 150;

/** The latest revisions, with what each superseded. */
export class History {
  readonly #limits: HistoryLimits;
  #revisions: number[] = [];
  #bytes: number[] = [];
  /** The place of the oldest of them. */
  #first = 0;
  #total = 0;

  /** Nothing so far. */
  constructor(limits: HistoryLimits = LIMITS) {
    this.#limits = limits;
  }

  /** The same limits, and no revision. */
  emptied(): History {
    return new History(this.#limits);
  }

  /**
   * Adds a revision that superseded values of so many bytes. Returns the oldest revision that is to
   * stay readable.
   */
  add(revision: number, bytes: number): number {
    const cost = bytes + VERSION_BYTES;
    this.#revisions.push(revision);
    this.#bytes.push(cost);
    this.#total += cost;
    const { revisions, bytes: bytesMax } = this.#limits;
    while (this.#revisions.length - this.#first > revisions || this.#total > bytesMax) this.#drop();
    return this.#revisions[this.#first] ?? revision;
  }

  #drop(): void {
    this.#total -= this.#bytes[this.#first++]!;
    // An array gives its room back only when it is made anew.
    if (this.#first < 1024 || this.#first * 2 < this.#revisions.length) return;
    this.#revisions = this.#revisions.slice(this.#first);
    this.#bytes = this.#bytes.slice(this.#first);
    this.#first = 0;
  }
}
