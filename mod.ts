/**
 * Kontiki: a Raft library and a linearizable, replicated key/value store.
 *
 * @module
 */

export * from "./raft/mod.ts";
