/**
 * The key/value state machine and the commands that it executes.
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
  type Put,
  type Reply,
  type Request,
  requestType,
  VALUE_BYTES_MAX,
} from "./command.ts";
export { KvStore, type StoreLimits } from "./store.ts";
