/**
 * The worker that `check_in_worker.ts` starts: one request, one reply. It is an entry point of its
 * own and is not imported.
 *
 * @module
 */

import type { CheckAnswer, CheckQuestion } from "./check_in_worker.ts";
import { historyModel } from "./history_models.ts";
import { check } from "./search/mod.ts";

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
