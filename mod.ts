/**
 * Kontiki: a linearizable, replicated key/value store, and Raft for state machines of your own.
 *
 * - {@linkcode connect} is for programs that use a cluster that runs.
 * - {@linkcode Node} and {@linkcode Rsm} replicate your own {@linkcode StateMachine};
 *   {@linkcode FileStorage} makes it durable.
 *
 * The other entry points: `/net` (the transport over TCP), `/kv` (the store), `/raft` (the core and
 * every type of its ports), `/lab` (Raft as a course wants it), `/check` (the checker of histories),
 * `/inspect` (what a folder holds).
 *
 * @module
 */

export {
  connect,
  type ConnectOptions,
  type GivenUp,
  type OperationOptions,
  type ReadOutcome,
  StoreClient,
  type WriteOptions,
  type WriteOutcome,
} from "./net/store/mod.ts";
export {
  type Application,
  ask,
  type Clock,
  DenoFiles,
  type Envelope,
  type Files,
  FileStorage,
  type FileStorageOptions,
  type Identity,
  type Image,
  type Index,
  MemoryStorage,
  type MemoryStorageOptions,
  Node,
  type NodeId,
  type NodeOptions,
  type Outcome,
  type Random,
  Rsm,
  type RsmOptions,
  type StateMachine,
  type Status,
  type Steps,
  type Storage,
  StorageError,
  type StorageErrorKind,
  submit,
  SystemClock,
  type Term,
  type Timer,
  type Transport,
} from "./raft/mod.ts";
