/**
 * Sorted table files and a memory table: state that is larger than memory.
 *
 * @module
 */

export { type Entry, KEY_BYTES_MAX, keyBytes, keyOf } from "./files/mod.ts";
export type { TablesOptions } from "./options.ts";
export type { TablesStatus } from "./status.ts";
export { type Range, Tables } from "./tables.ts";
