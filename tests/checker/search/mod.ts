/**
 * The search for an order of operations that explains a history.
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
