/**
 * Waiting in tests for a condition or a promise instead of for a fixed time.
 *
 * @module
 */

import { assert, AssertionError } from "@std/assert";

const POLL_MS = 2;
/** Longer than it takes on any machine, and less than the time in which a canary must be caught. */
const WAIT_MS_MAX = 30_000;

/** Polls until the condition holds; fails after half a minute. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  what = "it",
): Promise<void> {
  const end = performance.now() + WAIT_MS_MAX;
  while (!await isTrue()) {
    assert(performance.now() < end, `${what} did not happen in time`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The value of a promise; fails when it takes longer, by default than half a minute. */
export async function inTime<Value>(
  promise: Promise<Value>,
  what = "it",
  withinMs: number = WAIT_MS_MAX,
): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new AssertionError(`${what} did not happen in time`);
    timer = setTimeout(() => reject(error), withinMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
