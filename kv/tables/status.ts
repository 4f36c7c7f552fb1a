/**
 * What tables say of themselves.
 *
 * @module
 */

/** How much there is, and what it cost. */
export interface TablesStatus {
  /** How many table files each level has. */
  readonly tables: readonly number[];
  /** Bytes of all table files. */
  readonly bytes: number;
  /** About how much memory the newest entries take. */
  readonly memoryBytes: number;
  /** Bytes of the blocks that are cached. */
  readonly cacheBytes: number;
  /** Bytes of entries that were added since the start. */
  readonly addedBytes: number;
  /** Bytes of table files that were written since the start. */
  readonly writtenBytes: number;
  /** From 0, no hurry, to 1: entries wait until tables are written and merged. */
  readonly pressure: number;
  /** Whether everything is being merged into one level because somebody asked for it. */
  readonly isCompacting: boolean;
  /** The last entry of the log that table files hold. */
  readonly applied: number;
  /** The oldest revision that can be read. */
  readonly oldest: number;
  /** Files that are no longer needed and could not be removed. */
  readonly notRemoved: number;
}
