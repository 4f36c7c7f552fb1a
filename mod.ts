/**
 * Kontiki: a Raft library and a linearizable, replicated key/value store.
 *
 * @module
 */

export * from "./kv/mod.ts";
export * from "./raft/mod.ts";
