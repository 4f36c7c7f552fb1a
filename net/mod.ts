/**
 * Bytes on sockets: frames, connections, the transport between peers, and faults as data.
 *
 * @module
 */

export type * from "./faults.ts";
