/**
 * The replicated key/value store: commands, store, server, client.
 *
 * @module
 */

export * from "./command.ts";
export * from "./server.ts";
export * from "./store.ts";
