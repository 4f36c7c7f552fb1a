/**
 * Which tables are merged, and which versions a merge leaves out.
 *
 * @module
 */

export {
  isBelow,
  levelFor,
  type MergePlan,
  planAll,
  planMerge,
  replaceTables,
  sizeOf,
} from "./levels.ts";
export {
  bounded,
  comesBeforeBack,
  isVisible,
  type Keep,
  kept,
  merged,
  visible,
  visibleBack,
} from "./merge.ts";
