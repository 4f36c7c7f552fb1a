/**
 * Helpers for tests: log entries, folders, waiting, child processes, terminals, sockets.
 *
 * @module
 */

export { entryOf, momentOf, STILL, STILL_CLOCKS } from "./log_entries.ts";
export { frameOf } from "./sockets.ts";
export { removeFolder } from "./with_folder.ts";
