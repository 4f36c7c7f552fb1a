/**
 * The table files of one folder: opened, written, and named by its manifest.
 *
 * @module
 */

export { DEFAULTS, type TablesOptions } from "./options.ts";
export { Slices } from "./slices.ts";
export { type Levels, TableFiles } from "./table_files.ts";
export { RunWriter, type WriteOptions } from "./write_tables.ts";
