/**
 * Agreement on a log: the Raft core, its driver, its ports and their implementations.
 *
 * @module
 */

export type * from "./types.ts";
export type * from "./ports.ts";
export type { Profile, RaftEnvironment, RaftOptions } from "./options.ts";
export { invariant, InvariantError } from "./invariant.ts";
export { Raft } from "./raft.ts";
export { checkNow, checkRaft, checkSince, type Look } from "./check.ts";
export { Node, type NodeOptions } from "./node.ts";
export { applySave, EMPTY } from "./save.ts";
export { MemoryStorage, type MemoryStorageOptions } from "./memory_storage.ts";
export { FileStorage, type FileStorageOptions, type StorageSizes } from "./file_storage.ts";
export type { Progress, Trimmed } from "./file_recovery.ts";
export type { Identity } from "./record.ts";
export { StorageError, type StorageErrorKind } from "./storage_error.ts";
export { type FileReport, type FolderReport, formatFolder, inspect } from "./inspect.ts";
export { DenoFiles } from "./deno_files.ts";
export { decodeEnvelope, encodeEnvelope, type WireValue } from "./message.ts";
export { SystemClock } from "./system_clock.ts";
export * from "./rsm.ts";
export { type ApplyMessage, type LabEnvironment, LabRaft, type Peer, type Started } from "./lab.ts";
