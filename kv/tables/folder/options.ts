/**
 * What tables are made of, with the defaults.
 *
 * @module
 */

import type { Clock, Files } from "../../../raft/mod.ts";

/** What {@linkcode Tables} are made of. */
export interface TablesOptions {
  /** A folder of their own. */
  readonly files: Files;
  /** Measures slices of work. */
  readonly clock: Clock;
  /** A memory table is written into a table file when the newest versions of its keys take this much. */
  readonly memoryBytes?: number;
  /** It is written, too, when all versions in it take this many times as much. */
  readonly replacedFactor?: number;
  /** How many bytes of blocks are kept in memory. */
  readonly cacheBytes?: number;
  /** Merges end a file at this size. */
  readonly tableBytes?: number;
  /** The number of files of level 0 that are merged together. */
  readonly level0Tables?: number;
  /** What level 1 may hold before it is merged downward. */
  readonly level1Bytes?: number;
}

/** The defaults. */
export const DEFAULTS = {
  memoryBytes: 16 * 1024 * 1024,
  replacedFactor: 4,
  cacheBytes: 32 * 1024 * 1024,
  tableBytes: 8 * 1024 * 1024,
  level0Tables: 4,
  level1Bytes: 64 * 1024 * 1024,
};
