/**
 * KV Connect: the protocol of `Deno.openKv(url)`, on a client of the store. Beside the routes stand
 * its messages and the pure functions between them and the store.
 *
 * @module
 */

export { Database } from "./database.ts";
export { DatabaseTokens } from "./database_tokens.ts";
export { type ConnectOptions, connectRoutes } from "./door.ts";
export {
  AtomicWrite,
  AtomicWriteOutput,
  type MessageOf,
  MUTATION,
  type MutationMessage,
  type ReadRangeMessage,
  SnapshotRead,
  SnapshotReadOutput,
} from "./messages.ts";
export type { ConnectNode } from "./metadata.ts";
export { snapshotRead } from "./read.ts";
export { batchOf, writeAnswer } from "./write.ts";
