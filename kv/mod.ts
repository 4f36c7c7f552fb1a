/**
 * The replicated key/value store: commands, store, server, client.
 *
 * @module
 */

export {};
