/**
 * Waiting in tests, without a guess of how long something takes.
 *
 * @module
 */

import { assert } from "@std/assert";

/** Waits until something has come true, for longer than it takes on any machine. */
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
