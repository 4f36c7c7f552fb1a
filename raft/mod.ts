/**
 * Agreement on a log: the Raft core, its driver, its ports and their implementations.
 *
 * @module
 */

export type * from "./types.ts";
export type * from "./ports.ts";
export type { Profile, RaftOptions } from "./options.ts";
export { invariant, InvariantError } from "./invariant.ts";
export { Raft, type RaftEnvironment } from "./raft.ts";
export { Node, type NodeOptions } from "./node.ts";
export { applySave, EMPTY, MemoryStorage, type MemoryStorageOptions } from "./memory_storage.ts";
export { decodeEnvelope, encodeEnvelope } from "./message.ts";
export type { WireValue } from "./message.ts";
