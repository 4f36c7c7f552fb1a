/**
 * Kontiki: a Raft library and a linearizable, replicated key/value store.
 *
 * @module
 */

export type * from "./raft/mod.ts";
