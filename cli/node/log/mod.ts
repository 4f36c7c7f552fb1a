/**
 * The log of a node: its lines, and what is worth one.
 *
 * @module
 */

export { leadershipLog } from "./leadership_log.ts";
export { type NodeLog, setupLog } from "./node_log.ts";
export { openingLog } from "./opening_log.ts";
export { refusedLog } from "./refused_log.ts";
