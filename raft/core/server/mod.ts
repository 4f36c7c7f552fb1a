/**
 * The state of one server of the cluster, and its parts.
 *
 * @module
 */

export { ReadQueue } from "./reads.ts";
export type { Candidate, Follower, Leader, PreVote } from "./role.ts";
export { Server } from "./server.ts";
