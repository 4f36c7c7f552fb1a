/**
 * A node that serves, as a part of another program.
 *
 * @module
 */

export { type NodeSettings, type RunningNode, runNode } from "./run_node.ts";
