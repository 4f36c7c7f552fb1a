/**
 * Bytes on sockets: frames, connections, the transport between peers, and faults as data.
 *
 * @module
 */

export * from "./faults/mod.ts";
export * from "./peers/mod.ts";
export * from "./rpc/mod.ts";
export * from "./wire/mod.ts";
