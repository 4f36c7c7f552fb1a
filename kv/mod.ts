/**
 * The replicated key/value store: commands, store, server, client.
 *
 * @module
 */

export * from "./command.ts";
export * from "./server.ts";
export * from "./store.ts";
export * from "./clerk.ts";
export * from "./lock.ts";
