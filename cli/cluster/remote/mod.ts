/**
 * Nodes and clusters as their ports for clients show them.
 *
 * @module
 */

export { othersOf, parseEndpoint, RemoteNode } from "./remote_node.ts";
export { makeSession } from "./remote_session.ts";
