/**
 * Table files: how they are written, read and named.
 *
 * @module
 */

export { BlockCache } from "./block_cache.ts";
export {
  type Entry,
  entryBytesMax,
  EntryReader,
  KEY_BYTES_MAX,
  keyBytes,
  keyOf,
  RawEntry,
  writeEntry,
} from "./entry.ts";
export {
  EMPTY_MANIFEST,
  MANIFEST,
  type Manifest,
  type Mark,
  readManifest,
  tableName,
  writeManifest,
} from "./manifest.ts";
export { Pass } from "./pass.ts";
export { Table, type TableName } from "./table.ts";
export type { Summary } from "./table_format.ts";
export { TableWriter, UNFINISHED } from "./table_writer.ts";
