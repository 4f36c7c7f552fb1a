/**
 * The store over the network. This is the only folder that imports both the store's requests and
 * sockets.
 *
 * @module
 */

export {
  BatchBuilder,
  type Condition,
  type KeyLike,
  type SumBounds,
  type ValueLike,
} from "./batch_builder.ts";
export { clerkCall } from "./clerk_call.ts";
export { connect, execute, StoreClient } from "./connect.ts";
export {
  type JsonBytes,
  jsonEntry,
  jsonGroup,
  jsonKey,
  type JsonOutcome,
  jsonValue,
  prefixEnd,
} from "./json.ts";
export { type Leader, Leadership } from "./election.ts";
export { Lease, LeaseError, type LeaseOptions } from "./lease.ts";
export { HeldLock, LockError, type LockOptions } from "./lock.ts";
export {
  type BatchAnswer,
  type CommitOutcome,
  type ConnectOptions,
  type DeleteOutcome,
  type Ending,
  type GivenUp,
  type OperationOptions,
  type PutOptions,
  type ReadOptions,
  type ReadOutcome,
  type StoreEntry,
  StoreReadError,
  type WriteOptions,
  type WriteOutcome,
} from "./outcomes.ts";
export {
  countRange,
  deletePrefix,
  type KeyRange,
  type ListOptions,
  listRange,
  type ReadPage,
} from "./ranges.ts";
export {
  openWatchOf,
  type StoreChange,
  WatchError,
  watchFailureText,
  type WatchGroup,
  type WatchOptions,
  type WatchTarget,
} from "./watch.ts";
