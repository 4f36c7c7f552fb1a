/**
 * The service of one node: bytes of a request in, bytes of a reply out.
 *
 * @module
 */

export { KvServer, type KvServerOptions } from "./server.ts";
export {
  type WatchPart,
  WatchServer,
  type WatchServerOptions,
  type WatchStream,
} from "./watch_server.ts";
