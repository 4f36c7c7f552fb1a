/**
 * Sorted table files and a memory table: state that is larger than memory.
 *
 * @module
 */

export { type Entry, KEY_BYTES_MAX, keyBytes, keyOf, type Mark } from "./files/mod.ts";
export { Import } from "./import.ts";
export type { TablesOptions } from "./folder/mod.ts";
export {
  type Chunk,
  chunkProblem,
  chunksOf,
  type Cursor,
  decodeChunk,
  hashIn,
  isLastChunk,
  type Moment,
  START,
} from "./stream.ts";
export { TableImages } from "./table_images.ts";
export {
  formatTables,
  inspectTables,
  type TableReport,
  type TablesInspection,
} from "./inspect_tables.ts";
export { differing, type StateCheck, type TablesReport } from "./state_checks.ts";
export type { TablesStatus } from "./status.ts";
export { MemoryState, type Range, type Scannable, type State } from "./state/mod.ts";
export { Tables } from "./tables.ts";
