/**
 * Reads that may see an older state, for the checker: such a read is a read that began so much earlier.
 *
 * @module
 */

import { AssertionError } from "@std/assert";

/** The clocks of simulated computers are wrong by at most a tenth. */
const DRIFT = 1.12;

/**
 * When a read began, for the checker, that says how old its state is at most (R8).
 *
 * @throws {AssertionError} If that is older than the client allowed.
 */
export function callOfState(call: number, ageMs: number, maxAgeMs = 0): number {
  if (ageMs > maxAgeMs) {
    throw new AssertionError(`A read is ${ageMs} ms old, wanted at most ${maxAgeMs} ms`);
  }
  return call - ageMs * DRIFT;
}
