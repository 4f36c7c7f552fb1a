/**
 * Waiting in tests for a condition or a promise instead of for a fixed time.
 *
 * @module
 */

import { assert, AssertionError } from "@std/assert";

const POLL_MS = 2;
/**
 * A fraction of the time in which a canary must be caught, since a planted bug may make a test
 * wait.
 */
const WAIT_MS_MAX = 20_000;

/** Polls until the condition holds; fails after {@linkcode WAIT_MS_MAX} by default. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  what = "it",
  withinMs: number = WAIT_MS_MAX,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!await isTrue()) {
    assert(performance.now() < end, `${what} did not happen in time`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The value of a promise; fails after {@linkcode WAIT_MS_MAX} by default. */
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
