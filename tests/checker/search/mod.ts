/**
 * The search for a valid order of the operations of a history.
 *
 * @module
 */

export {
  check,
  type CheckResult,
  type Model,
  type Operation,
  type PartitionResult,
  type Verdict,
} from "./linearizability.ts";
