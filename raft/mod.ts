/**
 * Agreement on a log: the Raft core, its driver, its ports and their implementations.
 *
 * @module
 */

export {
  type AppendAccepted,
  type AppendEntries,
  type AppendFile,
  type AppendRejected,
  type Application,
  applySave,
  type ByteRange,
  type Clock,
  type Clocks,
  type Conflict,
  type Effects,
  EMPTY,
  type Entry,
  type EntryKind,
  type Envelope,
  type Files,
  goesBack,
  type Image,
  type Index,
  type InstallSnapshot,
  type InstallSnapshotReply,
  invariant,
  InvariantError,
  isBulk,
  type Message,
  type Moment,
  type NodeId,
  type PeerStatus,
  type Persistent,
  type Position,
  type Profile,
  Raft,
  type RaftEnvironment,
  type RaftOptions,
  type Random,
  type Read,
  type ReadFile,
  type RequestVote,
  type RequestVoteReply,
  type RoleName,
  type Save,
  type Snapshot,
  type Stamp,
  type StateMachine,
  type Status,
  type Steps,
  type Storage,
  type Tail,
  type Term,
  type Timer,
  type Times,
  type Transport,
  type Unit,
  type Vote,
  type WritableFile,
} from "./core/mod.ts";
export { checkNow, checkRaft, checkSince, type Look } from "./check.ts";
export { Node } from "./node.ts";
export type { NodeObserver, NodeOptions } from "./node_options.ts";
export {
  DenoFiles,
  FileStorage,
  type FileStorageOptions,
  type Identity,
  MemoryStorage,
  type MemoryStorageOptions,
  type OpeningProgress,
  StorageError,
  type StorageErrorKind,
  type StorageSizes,
  type Trimmed,
} from "./storage/mod.ts";
export { decodeEnvelope, encodeEnvelope, type EnvelopeValue } from "./message.ts";
export { SystemClock } from "./system_clock.ts";
export { ask, type Outcome, type ReplicatedLog, Rsm, type RsmOptions, submit } from "./rsm/mod.ts";
