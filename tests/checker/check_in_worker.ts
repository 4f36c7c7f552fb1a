/**
 * Checks a history in a worker, so that the search does not block the caller's event loop.
 *
 * The model is passed by name, since functions cannot be sent to a worker. In a compiled executable
 * the worker's file must be included: `deno compile --include
 * tests/checker/linearizability_worker.ts`.
 *
 * Invariant: when the promise settles, the worker has been terminated.
 *
 * @module
 */

import type { CheckAnswer, CheckQuestion } from "./linearizability_worker.ts";
import type { CheckResult } from "./search/mod.ts";

/** Runs `check` in a worker. Rejects with a RangeError when the request is invalid. */
export async function checkInWorker(question: CheckQuestion): Promise<CheckResult> {
  const worker = new Worker(new URL("./linearizability_worker.ts", import.meta.url), {
    type: "module",
  });
  try {
    return await new Promise<CheckResult>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<CheckAnswer>): void => {
        if ("result" in data) resolve(data.result);
        else reject(new RangeError(data.refusal));
      };
      worker.onerror = (event): void => {
        event.preventDefault();
        reject(new Error(`Cannot check in a worker: ${event.message}`));
      };
      worker.onmessageerror = (): void =>
        reject(new TypeError("Cannot check in a worker: wanted an answer that can be copied"));
      worker.postMessage(question);
    });
  } finally {
    worker.terminate();
  }
}
