/**
 * Ranges of keys as watches name them, and their one normal form.
 *
 * @module
 */

/** Keys from `start` up to but not including `end`, as binary strings. */
export interface KeyRange {
  /** The first key. */
  readonly start: string;
  /** `null`: to the end. */
  readonly end: string | null;
}

/** The range that holds one key. */
export function rangeOfKey(key: string): KeyRange {
  return { start: key, end: `${key}\0` };
}

/** The key of a range that holds exactly one; `null`: the range is wider. */
export function onlyKeyOf({ start, end }: KeyRange): string | null {
  return end !== null && end.length === start.length + 1 && end === `${start}\0` ? start : null;
}

/** The same keys as sorted ranges that do not touch; ranges without a key are left out. */
export function normalRanges(ranges: readonly KeyRange[]): readonly KeyRange[] {
  const sorted = ranges
    .filter(({ start, end }) => end === null || start < end)
    .sort((one, other) => one.start < other.start ? -1 : one.start > other.start ? 1 : 0);
  const normal: KeyRange[] = [];
  for (const range of sorted) {
    const last = normal.at(-1);
    if (last === undefined || last.end !== null && last.end < range.start) normal.push(range);
    else if (last.end !== null && (range.end === null || range.end > last.end)) {
      normal[normal.length - 1] = { start: last.start, end: range.end };
    }
  }
  return normal;
}

/** Whether a key is in one of these ranges, which are in normal form. */
export function hasKey(ranges: readonly KeyRange[], key: string): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = low + high >>> 1;
    if (ranges[middle]!.start <= key) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return false;
  const { end } = ranges[low - 1]!;
  return end === null || key < end;
}

/** A text that is equal for equal normal forms only. */
export function nameOfRanges(ranges: readonly KeyRange[]): string {
  return JSON.stringify(ranges.map(({ start, end }) => [start, end]));
}
