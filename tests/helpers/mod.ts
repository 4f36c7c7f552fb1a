/**
 * Helpers for tests: log entries, folders, waiting, child processes, terminals, sockets.
 *
 * @module
 */

export { firstLine } from "./commands.ts";
export { type HttpCluster, withHttpCluster } from "./http_cluster.ts";
export { entryOf, momentOf, STILL, STILL_CLOCKS } from "./log_entries.ts";
export { frameOf } from "./sockets.ts";
export { removeFolder } from "./with_folder.ts";
