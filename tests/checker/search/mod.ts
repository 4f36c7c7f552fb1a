/**
 * The search for a valid order of the operations of a history.
 *
 * @module
 */

export {
  check,
  type CheckOptions,
  type CheckResult,
  type PartitionResult,
  type Verdict,
} from "./linearizability.ts";
export type { Model, Operation } from "./model.ts";
export type { Failure } from "./shrink_failure.ts";
