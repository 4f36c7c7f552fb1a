/**
 * Records the operations of clients, and checks them.
 *
 * @module
 */

export { type Act, execute, KvRecorder } from "./kv_recorder.ts";
export { RandomBatches } from "./random_batches.ts";
export { RandomLocks } from "./random_locks.ts";
export { type Recorded, type StoreAct, StoreRecorder } from "./store_recorder.ts";
