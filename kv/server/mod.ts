/**
 * The service of one node: bytes of a request in, bytes of a reply out.
 *
 * @module
 */

export { KvServer, type KvServerOptions } from "./server.ts";
