/**
 * Agreement on a log: the Raft core, its driver, its ports and their implementations.
 *
 * @module
 */

export * from "./core_entry.ts";
export { goesBack, invariant, InvariantError } from "./core/mod.ts";
export { checkNow, checkRaft, checkSince, type Look } from "./check.ts";
export { Node } from "./node.ts";
export type { NodeObserver, NodeOptions } from "./node_options.ts";
export {
  DenoFiles,
  drawId,
  type ExpectedIdentity,
  FileStorage,
  type FileStorageOptions,
  type Folder,
  type Heard,
  type Identity,
  MemoryStorage,
  type MemoryStorageOptions,
  NO_STARTS,
  type OpeningProgress,
  readFolder,
  type Starts,
  StorageError,
  type StorageErrorKind,
  storageErrorOf,
  type StorageSizes,
  type Trimmed,
  writeFolder,
} from "./storage/mod.ts";
export { loneLog } from "./restart/mod.ts";
export { setDeadline, SystemClock } from "./system_clock.ts";
export {
  ask,
  type Outcome,
  type ReplicatedLog,
  Rsm,
  type RsmOptions,
  Slab,
  submit,
  TurnTime,
} from "./rsm/mod.ts";
