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
  runsOf,
  sizeOf,
  tableFor,
  within,
} from "./levels.ts";
export { Brake, Pressure } from "./pressure.ts";
export { MergedPasses } from "./merge_passes.ts";
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
