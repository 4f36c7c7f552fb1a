/**
 * Bytes on sockets: frames, connections, the transport between peers, and faults as data.
 *
 * @module
 */

export * from "./faults.ts";
export { parseFaults } from "./parse_faults.ts";
