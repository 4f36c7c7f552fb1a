/**
 * How log and state go on together after a restart.
 *
 * @module
 */

export { alignedLog } from "./aligned_log.ts";
export { loneLog } from "./lone_log.ts";
