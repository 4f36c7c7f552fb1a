/**
 * The replicated key/value store: commands, store, server, client.
 *
 * @module
 */

export {
  decodeKey,
  decodeReply,
  decodeRequest,
  encodeKey,
  encodeReply,
  encodeRequest,
  type Get,
  KEY_BYTES_MAX,
  KvStore,
  type Put,
  type Reply,
  type Request,
  requestType,
  type StoreLimits,
  VALUE_BYTES_MAX,
} from "./store/mod.ts";
export { KvServer, type KvServerOptions } from "./server/mod.ts";
export {
  type AcquireResult,
  type Call,
  type CallOptions,
  type CallResult,
  Clerk,
  type ClerkOptions,
  type GetResult,
  Lock,
  type LockOptions,
  type PutOptions,
  type PutResult,
} from "./client/mod.ts";
