/**
 * What tables say of themselves.
 *
 * @module
 */

/** How much there is, and what it cost. */
export interface TablesStatus {
  readonly tables: readonly number[];
  readonly bytes: number;
  readonly memoryBytes: number;
  readonly cacheBytes: number;
  /** Bytes of entries that were added, and bytes of table files that were written, since the start. */
  readonly addedBytes: number;
  readonly writtenBytes: number;
  /** Files that are no longer needed and could not be removed. */
  readonly notRemoved: number;
}
