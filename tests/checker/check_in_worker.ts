/**
 * Checks a history in a worker, so that the event loop of whoever asks does not stall.
 *
 * The model travels by its name, since functions cannot. In a compiled executable the worker's file
 * must be named: `deno compile --include tests/checker/linearizability_worker.ts`.
 *
 * Invariant: when the promise is settled, the worker is gone.
 *
 * @module
 */

import type { CheckResult, Operation } from "./search/mod.ts";

/** What the worker is asked. */
export interface CheckQuestion {
  /** A name in `history_models.ts`. */
  readonly model: string;
  readonly history: readonly Operation<unknown, unknown>[];
  /** How long to search, on the worker's own clock. */
  readonly deadlineMs: number;
}

/** What the worker answers. */
export type CheckAnswer = { readonly result: CheckResult } | { readonly refusal: string };

/** The answer of `check`, from a worker. Rejects with a RangeError when the question is wrong. */
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
