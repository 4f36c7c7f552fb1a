/**
 * Stand-in for the part of `@std/assert` that we use.
 *
 * @module
 */
import nodeAssert from "node:assert";

export class AssertionError extends Error {
  override name = "AssertionError";
}
export function assert(value: unknown, message = ""): asserts value {
  if (!value) throw new AssertionError(message);
}
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.deepStrictEqual(actual, expected, message);
}
