/**
 * Watches: every change of some keys, in order and without gaps.
 *
 * @module
 */

export { type Change, type ChangeGroup, type ChangeKind, kindOf } from "./changes.ts";
export { type KeyRange, rangeOfKey } from "./key_ranges.ts";
export {
  WATCH_LIMITS,
  WatchHub,
  type WatchLimits,
  type WatchRefusal,
  type WatchRequest,
} from "./hub.ts";
export type { Taken, Watch } from "./watch.ts";
