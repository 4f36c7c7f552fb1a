/**
 * The linearizability checker: it looks for one order of all operations that a single copy of the
 * data could have executed, with every operation between its call and its return.
 *
 * Clients record the histories; `history.ts` reads them from files.
 *
 * - Pure: the only clock is the one in the options.
 * - `ok` comes with a witness, the order found; `illegal` is proven, with the smallest failing
 * part;   everything else is `unknown` and never reported as `ok`.
 * - An operation with an unknown outcome may take effect at any time after its call, or never.
 *
 * @module
 */

import { LinearizationSearch } from "./linearization_search.ts";
import type { Model, Operation } from "./model.ts";
import { type Failure, shrinkFailure } from "./shrink_failure.ts";

/** `unknown`: the deadline passed before the search ended. */
export type Verdict = "ok" | "illegal" | "unknown";

/** The result for the operations on one key. Operations are given as places in the history. */
export interface PartitionResult {
  /** What {@linkcode Model.partition} says of them. */
  readonly key: string;
  /** Whether the operations are linearizable. */
  readonly verdict: Verdict;
  /** The number of operations. */
  readonly operations: number;
  /** The longest valid order found; a complete one if the verdict is `ok`. */
  readonly longest: readonly number[];
  /** Why the partition is illegal; `null` if it is not. */
  readonly failure: Failure | null;
}

/** The result of {@linkcode check}. Plain data, so that a worker can send it. */
export interface CheckResult {
  /** Whether the history is linearizable. */
  readonly verdict: Verdict;
  /** The number of operations in it. */
  readonly operations: number;
  /** Sorted by key. */
  readonly partitions: readonly PartitionResult[];
  /** The smallest failing part of all illegal partitions. */
  readonly failure: Failure | null;
  /** Steps of the search: a measure of difficulty that does not depend on the machine. */
  readonly steps: number;
}

/** The time limit of a check. */
export interface CheckOptions {
  /** The clock that the deadline is read from. */
  readonly now: () => number;
  /** The time on that clock at which undecided partitions become `unknown`. */
  readonly deadline: number;
}

/** Steps between two readings of the clock. */
const SLICE_STEPS = 4096;

/**
 * Searches for a linearization of the history; without options, without a time limit.
 *
 * @example
 * ```ts
 * import { check, type Model } from "@kontiki/kontiki/check";
 *
 * type Input = { readonly write: number } | "read";
 * const register: Model<number, Input, number> = {
 *   name: "register",
 *   init: () => 0,
 *   step: (state, input, output) => {
 *     if (input !== "read") return input.write;
 *     return output === null || output === state ? state : undefined;
 *   },
 *   key: (state) => `${state}`,
 *   partition: () => "the only one",
 *   isReadOnly: (input) => input === "read",
 *   describe: (input, output) => input === "read" ? `read ${output}` : `write ${input.write}`,
 *   describeState: (state) => `${state}`,
 * };
 * const { verdict } = check(register, [
 *   { client: 1, call: 0, return: 1, input: { write: 5 }, output: 0 },
 *   { client: 2, call: 2, return: 3, input: "read", output: 0 },
 * ]);
 * console.assert(verdict === "illegal", "the read began after 5 was written");
 * ```
 */
export function check<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  options: CheckOptions = { now: () => 0, deadline: Infinity },
): CheckResult {
  const parts = partitionHistory(model, history);
  const searches = parts.map(({ indexes }) => new LinearizationSearch(model, history, { indexes }));
  const verdicts: Verdict[] = parts.map(() => "unknown");
  const isExpired = (): boolean => options.now() >= options.deadline;
  runSearches(searches, verdicts, isExpired);
  const partitions = parts.map(({ key, indexes }, place): PartitionResult => ({
    key,
    verdict: verdicts[place]!,
    operations: indexes.length,
    longest: searches[place]!.longest(),
    failure: verdicts[place] === "illegal"
      ? shrinkFailure(model, history, { key, indexes, isExpired })
      : null,
  }));
  return {
    verdict: combine(verdicts),
    operations: history.length,
    partitions,
    failure: smallestFailure(partitions),
    steps: searches.reduce((sum, search) => sum + search.steps, 0),
  };
}

/**
 * All searches advance in turn, so that an easy illegal key is found beside a hard one. The first
 * proof of illegality ends them all, as nothing can change the verdict any more.
 */
function runSearches<State, Input, Output>(
  searches: readonly LinearizationSearch<State, Input, Output>[],
  verdicts: Verdict[],
  isExpired: () => boolean,
): void {
  let open = searches.map((_, place) => place);
  while (open.length > 0 && !verdicts.includes("illegal")) {
    const paused: number[] = [];
    for (const place of open) {
      if (isExpired()) return;
      const outcome = searches[place]!.run(SLICE_STEPS);
      if (outcome === "paused") paused.push(place);
      else verdicts[place] = outcome;
    }
    open = paused;
  }
}

function partitionHistory<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): { readonly key: string; readonly indexes: number[] }[] {
  const parts = new Map<string, number[]>();
  for (const [index, operation] of history.entries()) {
    requireTimes(operation, index);
    const key = model.partition(operation.input);
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [index]);
    else part.push(index);
  }
  return [...parts].sort(([a], [b]) => a < b ? -1 : 1).map(([key, indexes]) => ({ key, indexes }));
}

function requireTimes<Input, Output>(operation: Operation<Input, Output>, index: number): void {
  const { call, return: end, output } = operation;
  if (!Number.isFinite(call) || (end !== null && !(end >= call && Number.isFinite(end)))) {
    throw new RangeError(
      `Cannot check operation ${index}: wanted finite times with call <= return, got ${call} and ${end}`,
    );
  }
  if (end === null && output !== null) {
    throw new RangeError(
      `Cannot check operation ${index}: wanted no output without a return, got one`,
    );
  }
}

function combine(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes("illegal")) return "illegal";
  return verdicts.includes("unknown") ? "unknown" : "ok";
}

function smallestFailure(partitions: readonly PartitionResult[]): Failure | null {
  let smallest: Failure | null = null;
  for (const { failure } of partitions) {
    if (failure === null) continue;
    if (smallest === null || failure.operations.length < smallest.operations.length) {
      smallest = failure;
    }
  }
  return smallest;
}
