/**
 * The service of one node: bytes of a request in, bytes of a reply out.
 *
 * @module
 */

export { EndProposer, type EndProposerOptions } from "./end_proposer.ts";
export { LevelProposer, type LevelProposerOptions } from "./level_proposer.ts";
export { KvServer, type KvServerOptions } from "./server.ts";
export {
  type WatchPart,
  WatchServer,
  type WatchServerOptions,
  type WatchStream,
} from "./watch_server.ts";
