/**
 * The log, the vote and the snapshot in files of one folder, or in memory.
 *
 * @module
 */

export { DenoFiles } from "./deno_files.ts";
export type { Trimmed } from "./file_reading.ts";
export type { OpeningProgress } from "./file_recovery.ts";
export { FileStorage, type FileStorageOptions, type StorageSizes } from "./file_storage.ts";
export { type FileReport, type FolderReport, formatFolder, inspect } from "./inspect.ts";
export {
  type Folder,
  type Heard,
  NO_STARTS,
  readFolder,
  type Starts,
  writeFolder,
} from "./members_file.ts";
export { MemoryStorage, type MemoryStorageOptions } from "./memory_storage.ts";
export { drawId, type ExpectedIdentity, type Identity } from "./format/mod.ts";
export { StorageError, type StorageErrorKind, storageErrorOf } from "./storage_error.ts";
