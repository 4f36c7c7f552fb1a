/**
 * Which tables are merged next. New tables gather on level 0, where they may overlap; on each level
 * below, tables do not overlap, and a level may hold eight times what the one above it holds. So a
 * read looks into few tables, and an entry is written again a bounded number of times.
 *
 * @module
 */

import type { Summary } from "../files/mod.ts";

/** What is known of a table without reading it. */
export interface TableInfo {
  readonly number: number;
  readonly bytes: number;
  readonly summary: Pick<Summary, "smallest" | "largest">;
}

/** Tables by level: on level 0 from new to old, on the others by their keys. */
export type Levels<T extends TableInfo> = readonly (readonly T[])[];

/** Tables to merge, and where the result belongs. */
export interface MergePlan<T extends TableInfo> {
  /** The tables that it reads, by their levels. */
  readonly from: Levels<T>;
  /** The level of the result. */
  readonly level: number;
}

/** Sizes that decide when a level is full. */
export interface LevelOptions {
  /** The number of tables of level 0 that are merged into level 1. */
  readonly level0Tables: number;
  /** What level 1 may hold. */
  readonly level1Bytes: number;
}

/** So many times the tables of level 0 that begin a merge stop all entries. */
const LEVEL0_MAX = 4;

/** So do bytes above the limits of the levels below, as multiples of what level 1 may hold. */
const OVERFLOW_MAX = 6;

/** How much more each level may hold than the one above it. */
const FANOUT = 8;

/** The number of levels at the most: enough for more bytes than any disk has. */
const LEVELS_MAX = 8;

/**
 * The merge that is needed most, or `null`: every level has room. That is one of the level that owes the
 * largest part of what it may. Were level 0 always the first, level 1 would grow without bound under a
 * load that merges cannot follow, and each merge into it would be larger than the last.
 *
 * @param turn Counts merges, so that all parts of a level get their turn.
 */
export function planMerge<T extends TableInfo>(
  levels: Levels<T>,
  options: LevelOptions,
  turn: number,
): MergePlan<T> | null {
  const { level0Tables } = options;
  const [newest = []] = levels;
  const owed = owedOf(levels, options);
  const fullest = owed.indexOf(Math.max(...owed));
  if (!(owed[fullest]! > 0)) return null;
  if (fullest === 0) {
    // The oldest of level 0: any other part of it could put an old version above a newer one.
    const oldest = newest.slice(-level0Tables);
    return { from: [oldest, overlapping(levels[1] ?? [], oldest)], level: 1 };
  }
  const tables = levels[fullest]!;
  const table = tables[turn % tables.length]!;
  const level = fullest + 1;
  const from = levels.map((_, place): readonly T[] => place === fullest ? [table] : []);
  from[level] = overlapping(levels[level] ?? [], [table]);
  return { from, level };
}

/**
 * What each level owes of what it may, from 0: it has room, to 1: entries must wait. Level 0 owes merges
 * of its tables, every other one those of the bytes above its limit.
 */
export function owedOf<T extends TableInfo>(
  levels: Levels<T>,
  { level0Tables, level1Bytes }: LevelOptions,
): readonly number[] {
  return levels.slice(0, LEVELS_MAX).map((tables, level) => {
    if (level === 0) {
      return tables.length < level0Tables ? 0 : tables.length / (LEVEL0_MAX * level0Tables);
    }
    const limit = level1Bytes * FANOUT ** (level - 1);
    const most = Math.max(limit, OVERFLOW_MAX * level1Bytes);
    return Math.max(0, sizeOf(tables) - limit) / most;
  });
}

/** All tables as one merge, to give space back at once. */
export function planAll<T extends TableInfo>(levels: Levels<T>): MergePlan<T> | null {
  const level = Math.max(1, levels.findLastIndex((tables) => tables.length > 0));
  return levels.flat().length === 0 ? null : { from: levels, level };
}

/** The levels with some tables replaced by others, which are in the order of their keys. */
export function replaceTables<T extends TableInfo>(
  levels: Levels<T>,
  { from, level }: MergePlan<T>,
  outputs: readonly T[],
): T[][] {
  const gone = new Set(from.flat());
  const result = levels.map((tables) => tables.filter((table) => !gone.has(table)));
  while (result.length <= level) result.push([]);
  const target = [...result[level]!, ...outputs];
  target.sort((one, other) => one.summary.smallest < other.summary.smallest ? -1 : 1);
  result[level] = target;
  return result;
}

/** The level for tables that hold the whole state: the first that has room for them. */
export function levelFor(bytes: number, { level1Bytes }: LevelOptions): number {
  let level = 1;
  for (let limit = level1Bytes; limit < bytes && level < LEVELS_MAX; limit *= FANOUT) level++;
  return level;
}

/** Whether a table on a level below may hold the key. */
export function isBelow<T extends TableInfo>(
  levels: Levels<T>,
  level: number,
  key: string,
): boolean {
  return levels.slice(level + 1).some((tables) =>
    tables.some(({ summary }) => key >= summary.smallest && key <= summary.largest)
  );
}

/**
 * Tables as runs that are each in the order of their keys, from new to old: those of level 0 one by one,
 * all others by their levels.
 */
export function runsOf<T extends TableInfo>(levels: Levels<T>): (readonly T[])[] {
  const [newest = [], ...others] = levels;
  return [...newest.map((table) => [table]), ...others.filter((tables) => tables.length > 0)];
}

/** The one table of a level below the first that may hold a key. */
export function tableFor<T extends TableInfo>(tables: readonly T[], key: string): T | undefined {
  let low = 0;
  let high = tables.length;
  while (low < high) {
    const middle = low + high >>> 1;
    if (tables[middle]!.summary.largest < key) low = middle + 1;
    else high = middle;
  }
  return tables[low];
}

/** The tables that may hold keys of a range. */
export function within<T extends TableInfo>(
  tables: readonly T[],
  { from, to }: { readonly from: string; readonly to: string | null },
): readonly T[] {
  return tables.filter(({ summary: { smallest, largest } }) =>
    largest >= from && (to === null || smallest < to)
  );
}

/** The number of bytes that tables take. */
export function sizeOf(tables: readonly TableInfo[]): number {
  return tables.reduce((sum, { bytes }) => sum + bytes, 0);
}

function overlapping<T extends TableInfo>(tables: readonly T[], others: readonly T[]): T[] {
  const smallest = others.reduce(
    (least, { summary }) => summary.smallest < least ? summary.smallest : least,
    others[0]!.summary.smallest,
  );
  const largest = others.reduce(
    (most, { summary }) => summary.largest > most ? summary.largest : most,
    others[0]!.summary.largest,
  );
  return tables.filter(({ summary }) => summary.largest >= smallest && summary.smallest <= largest);
}
