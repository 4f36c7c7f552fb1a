/**
 * What clients ask of the store and what they get back: the table of operations, and the bytes and
 * the JSON of requests and replies.
 *
 * @module
 */

export {
  type Batch,
  BATCH_LIMITS,
  type BatchResult,
  isIdempotent,
  isReadOnly,
  isRepeatable,
} from "./batch.ts";
export { type Check, checkName, CHECKS, subjectOf } from "./checks.ts";
export { batchOfJson, jsonOfBatch, jsonOfResult, resultOfJson } from "./batch_json.ts";
export { type Key, MalformedBytes, orNull, Reader, viewOf, Writer } from "./bytes.ts";
export { ENTRY_HEAD_BYTES, type FoundEntry } from "./entries.ts";
export { type FoundLease } from "./lease_fields.ts";
export { type OperationTypes } from "./operation_types.ts";
export { jsonOfKey, VALUE_BYTES_MAX } from "./fields.ts";
export {
  binaryKey,
  endOfPrefix,
  isSystemKey,
  queueOfLock,
  SYSTEM_KEYS,
  textOfKey,
  toKey,
} from "./key_text.ts";
export {
  isRead,
  leaseGivenBy,
  type Operation,
  type OperationName,
  operationNames,
  type OperationOf,
  OPERATIONS,
  RANGE_KEYS_MAX,
  type Result,
  type ResultOf,
} from "./operations.ts";
export { decodeReply, encodeReply, isFuture, type Reply } from "./reply.ts";
export {
  type BatchRequest,
  decodeRequest,
  encodeRequest,
  type EndRequest,
  type Get,
  type LevelRequest,
  type Numbered,
  type Put,
  type Request,
  requestAccess,
  type TimeRequest,
} from "./request.ts";
export { type RequestNumber } from "./session.ts";
export {
  type AgedReply,
  decodeAged,
  decodeStale,
  encodeAged,
  encodeStale,
  type StaleRead,
} from "./stale.ts";
