/**
 * A serving node, for use within another program.
 *
 * @module
 */

export type { NodeSettings, RunningNode } from "./node_settings.ts";
export { runNode } from "./run_node.ts";
