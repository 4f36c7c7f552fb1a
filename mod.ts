/**
 * Kontiki: a linearizable, replicated key/value store, and the parts that it is made of.
 *
 * - {@linkcode connect} is for programs that use a cluster that runs.
 * - {@linkcode Node} and {@linkcode Rsm} replicate a state machine of your own;
 *   {@linkcode FileStorage} makes it durable. `@kontiki/kontiki/net` has the transport over TCP.
 *
 * @module
 */

export * from "./kv/mod.ts";
export * from "./net/store/mod.ts";
export * from "./raft/mod.ts";
