/**
 * Waiting in tests for a condition instead of for a fixed time.
 *
 * @module
 */

import { assert } from "@std/assert";

/** Polls until the condition holds; fails after a minute. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  what = "it",
): Promise<void> {
  const end = performance.now() + 60_000;
  while (!await isTrue()) {
    assert(performance.now() < end, `${what} did not happen in time`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
