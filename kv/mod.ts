/**
 * The replicated key/value store: commands, store, server, client.
 *
 * @module
 */

export {
  type Batch,
  BATCH_LIMITS,
  batchOfJson,
  type BatchRequest,
  type BatchResult,
  binaryKey,
  type Check,
  decodeReply,
  decodeRequest,
  encodeReply,
  encodeRequest,
  endOfPrefix,
  type FoundEntry,
  type Get,
  isReadOnly,
  isRepeatable,
  jsonOfBatch,
  jsonOfKey,
  jsonOfResult,
  type Key,
  type Operation,
  type OperationName,
  type OperationOf,
  type OperationTypes,
  type Put,
  RANGE_KEYS_MAX,
  type Reply,
  type Request,
  requestAccess,
  type Result,
  type ResultOf,
  resultOfJson,
  textOfKey,
  toKey,
  VALUE_BYTES_MAX,
} from "./command/mod.ts";
export { type Entry, KEY_BYTES_MAX, keyBytes } from "./tables/mod.ts";
export {
  type Change,
  type ChangeGroup,
  type HistoryLimits,
  KvStore,
  type StoreLimits,
  WORK_LIMITS,
} from "./store/mod.ts";
export { KvServer, type KvServerOptions } from "./server/mod.ts";
export {
  type AcquireResult,
  type BatchOutcome,
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
export {
  differing,
  formatTables,
  inspectTables,
  type Range,
  type Scannable,
  type State,
  type StateCheck,
  TableImages,
  type TableReport,
  type TablesInspection,
  type TablesOptions,
  type TablesReport,
  type TablesStatus,
} from "./tables/mod.ts";
