/**
 * The key/value state machine.
 *
 * @module
 */

export type { Change, ChangeGroup, StoreObserver } from "./draft.ts";
export { NeedsUpgrade } from "./level.ts";
export { WORK_LIMITS } from "./execute.ts";
export type { HistoryLimits } from "./history.ts";
export type { StoreLimits } from "./room.ts";
export { KvStore } from "./store.ts";
