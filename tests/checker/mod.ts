/**
 * Histories of clients, and the check that they are linearizable.
 *
 * @module
 */

export { checkInWorker } from "./check_in_worker.ts";
export { describeResult } from "./check_report.ts";
export { type Annotation, formatHistory, parseHistory } from "./history.ts";
export {
  formatStoreHistory,
  isStoreHistory,
  judgeStoreHistory,
  parseStoreHistory,
  type StoreHistory,
  type StoreVerdict,
} from "./store_file.ts";
export { findViolation, type Mark, type StoreOperation } from "./store_history.ts";
export type { StoreOutput } from "./store_leases.ts";
export type { Ended } from "./store_model.ts";
export { type KvInput, kvModel, type KvOutput } from "./kv_model.ts";
