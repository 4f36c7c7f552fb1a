/**
 * A node within this process.
 *
 * @module
 */

export type { NodeSettings, RunningNode } from "./node_settings.ts";
export { runNode } from "./run_node.ts";
