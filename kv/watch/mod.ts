/**
 * Watches: every change of some keys, in order and without gaps.
 *
 * @module
 */

export { type ChangeKind, kindOf } from "./changes.ts";
export { type KeyRange, rangeOfKey } from "./key_ranges.ts";
export {
  WATCH_LIMITS,
  WatchHub,
  type WatchLimits,
  type WatchRefusal,
  type WatchRequest,
} from "./hub.ts";
export { type Taken, Watch } from "./watch.ts";
export {
  decodeWatch,
  decodeWatchEnd,
  encodeWatch,
  encodeWatchEnd,
  WATCH_RANGES_MAX,
  type WatchEnd,
  type WatchQuery,
} from "./watch_codec.ts";
export {
  encodeMark,
  PartReader,
  PartWriter,
  type SeenChange,
  type SeenEntry,
  type SeenGroup,
} from "./watch_parts.ts";
