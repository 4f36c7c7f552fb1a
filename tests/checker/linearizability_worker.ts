/**
 * The worker that `check_in_worker.ts` starts: one request, one reply. It is an entry point of its
 * own; only its types are imported.
 *
 * @module
 */

import { historyModel } from "./history_models.ts";
import { check, type CheckResult, type Operation } from "./search/mod.ts";

/** The request to the worker. */
export interface CheckQuestion {
  /** A name in `history_models.ts`. */
  readonly model: string;
  readonly history: readonly Operation<unknown, unknown>[];
  /** Time limit of the search, on the worker's own clock. */
  readonly deadlineMs: number;
}

/** The worker's reply. */
export type CheckAnswer = { readonly result: CheckResult } | { readonly refusal: string };

/** The part of a worker's global scope that Deno's default types lack. */
interface WorkerScope {
  onmessage: (event: MessageEvent<CheckQuestion>) => void;
  postMessage(answer: CheckAnswer): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.onmessage = ({ data }): void => scope.postMessage(answer(data));

function answer({ model, history, deadlineMs }: CheckQuestion): CheckAnswer {
  const now = (): number => performance.now();
  const deadline = now() + deadlineMs;
  try {
    return { result: check(historyModel(model).model, history, { now, deadline }) };
  } catch (error) {
    // Return the refusal to the caller instead of letting the worker fail with it.
    if (error instanceof RangeError) return { refusal: error.message };
    throw error;
  }
}
