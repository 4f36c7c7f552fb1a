/**
 * The inside of the worker of `check_in_worker.ts`: one question, one answer. A separate file since
 * a worker begins with a file of its own; nobody imports it.
 *
 * @module
 */

import type { CheckAnswer, CheckQuestion } from "./check_in_worker.ts";
import { historyModel } from "./history_models.ts";
import { check } from "./search/mod.ts";

/** What a worker's global scope can do, which the window's types do not say. */
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
    // A question that cannot be answered is for the asker to hear of, not for the log.
    if (error instanceof RangeError) return { refusal: error.message };
    throw error;
  }
}
