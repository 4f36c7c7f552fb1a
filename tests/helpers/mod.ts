/**
 * Helpers for tests: folders, waiting, child processes, terminals, sockets.
 *
 * @module
 */

export { frameOf } from "./sockets.ts";
export { removeFolder } from "./with_folder.ts";
