/**
 * A node that serves, as a part of another program.
 *
 * @module
 */

export type { NodeSettings, RunningNode } from "./node_settings.ts";
export { runNode } from "./run_node.ts";
