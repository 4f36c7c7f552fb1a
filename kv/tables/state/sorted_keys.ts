/**
 * Keys in order, for a memory table. New keys wait unsorted until a scan reads in order or a
 * thousand of them wait, so a write costs no search, and no single step sorts many keys.
 *
 * @module
 */

/** A run with more keys than this is divided. */
const RUN_KEYS = 512;

/** The number of new keys that are sorted at once, in well under a millisecond. */
const WAITING_KEYS = 1024;

/** A set of keys that is read in order, upward or downward, also while keys are added. */
export class SortedKeys {
  /** Sorted keys, divided into runs; no run is empty. */
  readonly #runs: string[][] = [];
  #waiting: string[] = [];
  /** Counts changes of the runs: a reader that sees one looks for its place again. */
  #changes = 0;

  /** Adds a key that is not there yet. */
  add(key: string): void {
    this.#waiting.push(key);
    if (this.#waiting.length >= WAITING_KEYS) this.#sort();
  }

  /** Removes a key that is there. */
  remove(key: string): void {
    this.#sort();
    const at = this.#runOf(key);
    const run = this.#runs[at]!;
    run.splice(lowerBound(run, (other) => other < key), 1);
    if (run.length === 0) this.#runs.splice(at, 1);
    this.#changes++;
  }

  /** The keys from one on, upward. Keys that are added meanwhile may be missing. */
  *upward(from: string): Generator<string, void, void> {
    this.#sort();
    let last: string | null = null;
    let changes = -1;
    let run = 0;
    let place = 0;
    while (true) {
      if (changes !== this.#changes) {
        changes = this.#changes;
        const next: string = last === null ? from : `${last}\0`;
        run = this.#runOf(next);
        place = lowerBound(this.#runs[run] ?? [], (key) => key < next);
      }
      while (run < this.#runs.length && place >= this.#runs[run]!.length) {
        run++;
        place = 0;
      }
      if (run >= this.#runs.length) return;
      yield last = this.#runs[run]![place++]!;
    }
  }

  /** The keys before one (`null`: all), downward. Keys that are added meanwhile may be missing. */
  *downward(to: string | null): Generator<string, void, void> {
    this.#sort();
    let last = to;
    let changes = -1;
    let run = 0;
    let place = 0;
    while (true) {
      if (changes !== this.#changes) {
        changes = this.#changes;
        const before: string | null = last;
        run = before === null ? this.#runs.length - 1 : this.#runOf(before);
        const keys = this.#runs[run] ?? [];
        place = (before === null ? keys.length : lowerBound(keys, (key) => key < before)) - 1;
      }
      while (run >= 0 && place < 0) place = (this.#runs[--run]?.length ?? 0) - 1;
      if (run < 0) return;
      yield last = this.#runs[run]![place--]!;
    }
  }

  #sort(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const key of waiting.sort()) this.#insert(key);
    this.#changes++;
  }

  #insert(key: string): void {
    const at = this.#runOf(key);
    const run = this.#runs[at];
    if (run === undefined) {
      this.#runs.push([key]);
      return;
    }
    run.splice(lowerBound(run, (other) => other < key), 0, key);
    if (run.length > RUN_KEYS) this.#runs.splice(at + 1, 0, run.splice(RUN_KEYS / 2));
  }

  /** The run in which a key belongs: the last one that begins at or before it, or the first. */
  #runOf(key: string): number {
    return Math.max(0, lowerBound(this.#runs, (run) => run[0]! <= key) - 1);
  }
}

/** The place of the first item that is not before. */
export function lowerBound<T>(items: readonly T[], isBefore: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = low + high >>> 1;
    if (isBefore(items[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
