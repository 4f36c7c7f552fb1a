/**
 * The search for a valid order of the operations of a history.
 *
 * @module
 */

export { check, type CheckResult, type PartitionResult, type Verdict } from "./linearizability.ts";
export type { Model, Operation } from "./model.ts";
