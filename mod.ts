/**
 * Kontiki: a linearizable, replicated key/value store, and Raft for state machines of your own.
 *
 * - {@linkcode connect} is for programs that use a cluster that runs.
 * - {@linkcode Node} and {@linkcode Rsm} replicate your own {@linkcode StateMachine};
 *   {@linkcode FileStorage} makes it durable.
 *
 * - {@linkcode TcpTransport} connects the nodes.
 *
 * The other entry points: `/core` (the core without a driver, and the types of its ports), `/lab`
 * (Raft as a course wants it), `/check` (the checker of histories), `/inspect` (what a folder holds).
 *
 * @module
 */

export {
  type BatchAnswer,
  BatchBuilder,
  type CommitOutcome,
  type Condition,
  connect,
  type ConnectOptions,
  type DeleteOutcome,
  type Ending,
  type GivenUp,
  HeldLock,
  type JsonOutcome,
  type KeyLike,
  type KeyRange,
  type Leader,
  Leadership,
  Lease,
  LeaseError,
  type LeaseOptions,
  type ListOptions,
  LockError,
  type LockOptions,
  type OperationOptions,
  type PutOptions,
  type ReadOptions,
  type ReadOutcome,
  type StoreChange,
  StoreClient,
  type StoreEntry,
  StoreReadError,
  type SumBounds,
  type ValueLike,
  WatchError,
  type WatchGroup,
  type WatchOptions,
  type WatchTarget,
  type WriteOptions,
  type WriteOutcome,
} from "./net/store/mod.ts";
export type { ChangeKind, FoundLease, LeaseLoss, WatchFailure } from "./kv/mod.ts";
export {
  type Address,
  type PeerClaim,
  type PeerIdentity,
  type PeerTraffic,
  type TcpLimits,
  TcpTransport,
  type TcpTransportOptions,
  type Versions,
} from "./net/mod.ts";
export {
  type Application,
  ask,
  type ChangeRefusal,
  type Clock,
  DenoFiles,
  type Envelope,
  type ExpectedIdentity,
  type Files,
  FileStorage,
  type FileStorageOptions,
  type Heard,
  type Identity,
  type Image,
  type Index,
  type Member,
  type Members,
  MemoryStorage,
  type MemoryStorageOptions,
  NO_STARTS,
  Node,
  type NodeId,
  type NodeObserver,
  type NodeOptions,
  type OpeningProgress,
  type Outcome,
  type Random,
  type ReplicatedLog,
  Rsm,
  type RsmOptions,
  type Stamp,
  type Starts,
  type StateMachine,
  type Status,
  type Steps,
  type Storage,
  StorageError,
  type StorageErrorKind,
  type StorageSizes,
  submit,
  SystemClock,
  type TargetMembers,
  type Term,
  type Timer,
  type Transport,
  type Trimmed,
} from "./raft/mod.ts";
