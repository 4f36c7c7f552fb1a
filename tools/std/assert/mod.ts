/**
 * Stand-in for the part of `@std/assert` that this project uses, for machines without JSR. It has
 * the same signatures and results, and messages that begin the same. `tests/std/std_assert_test.ts`
 * tests both.
 *
 * @module
 */

import { inspect } from "node:util";
import { equal } from "./equal.ts";

/** The error of a failed assertion. */
export class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

function suffix(message: string | undefined): string {
  return message ? `: ${message}` : ".";
}

function format(value: unknown): string {
  return inspect(value, {
    depth: Infinity,
    sorted: true,
    compact: false,
    maxArrayLength: Infinity,
    maxStringLength: Infinity,
    breakLength: Infinity,
  });
}

/** The lines that differ, between what both sides have in common before and after. */
function difference(actual: string, expected: string): string {
  const left = actual.split("\n");
  const right = expected.split("\n");
  const shortest = Math.min(left.length, right.length);
  let before = 0;
  while (before < shortest && left[before] === right[before]) before++;
  let after = 0;
  while (after < shortest - before && left.at(-1 - after) === right.at(-1 - after)) after++;
  const lines = [
    ...left.slice(Math.max(0, before - 3), before).map((line) => `    ${line}`),
    ...left.slice(before, left.length - after).map((line) => `-   ${line}`),
    ...right.slice(before, right.length - after).map((line) => `+   ${line}`),
    ...left.slice(left.length - after, left.length - after + 3).map((line) => `    ${line}`),
  ];
  return `\n\n    [Diff] Actual / Expected\n\n\n${lines.join("\n")}\n`;
}

/** Throws unless the value is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Throws unless the value is falsy. */
export function assertFalse(
  expr: unknown,
  msg = "",
): asserts expr is false | 0 | 0n | "" | null | undefined {
  if (expr) throw new AssertionError(msg);
}

/** Throws unless both are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw new AssertionError(
    `Values are not equal${suffix(msg)}\n${difference(format(actual), format(expected))}`,
  );
}

/** Throws when both are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  throw new AssertionError(
    `Expected actual: ${format(actual)} not to be: ${format(expected)}${suffix(msg)}`,
  );
}

/** Throws unless `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (actual > expected) return;
  throw new AssertionError(msg ?? `Expect ${format(actual)} > ${format(expected)}`);
}

/** Throws unless `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (actual >= expected) return;
  throw new AssertionError(msg ?? `Expect ${format(actual)} >= ${format(expected)}`);
}

/** Throws unless `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (actual < expected) return;
  throw new AssertionError(msg ?? `Expect ${format(actual)} < ${format(expected)}`);
}

/** Throws unless the text matches. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to match: "${expected}"${suffix(msg)}`,
  );
}

/** Throws unless the text holds the other. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to contain: "${expected}"${suffix(msg)}`,
  );
}

/** Throws unless the value is an error of the class whose message contains the text. */
function checkError<E extends Error>(
  error: unknown,
  { wanted, includes, verb, message }: {
    readonly wanted: ErrorClass<E>;
    readonly includes: string | undefined;
    readonly verb: string;
    readonly message: string | undefined;
  },
): void {
  if (!(error instanceof Error)) {
    throw new AssertionError(`A non-Error object was ${verb}${suffix(message)}`);
  }
  if (!(error instanceof wanted)) {
    throw new AssertionError(
      `Expected error to be instance of "${wanted.name}", but was "${error.constructor?.name}"${
        suffix(message)
      }`,
    );
  }
  if (includes === undefined || error.message.includes(includes)) return;
  const texts = [includes, error.message].map((text) => JSON.stringify(text));
  throw new AssertionError(
    `Expected error message to include ${texts[0]}, but got ${texts[1]}${suffix(message)}`,
  );
}

/** Throws unless the function throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Throws unless the function throws an error of that class; returns it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClassOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const message = typeof errorClassOrMsg === "string" ? errorClassOrMsg : msg;
  try {
    fn();
  } catch (error) {
    if (typeof errorClassOrMsg === "function") {
      const wanted = errorClassOrMsg;
      checkError(error, { wanted, includes: msgIncludes, verb: "thrown", message });
    }
    return error;
  }
  throw new AssertionError(`Expected function to throw${suffix(message)}`);
}

/** Rejects unless the function's promise rejects; resolves to its reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Rejects unless the function's promise rejects with an error of that class; resolves to it. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClassOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const message = typeof errorClassOrMsg === "string" ? errorClassOrMsg : msg;
  let isPromiseReturned = false;
  try {
    const promise = fn();
    isPromiseReturned = typeof promise?.then === "function";
    await promise;
  } catch (error) {
    if (isPromiseReturned) {
      if (typeof errorClassOrMsg === "function") {
        const wanted = errorClassOrMsg;
        checkError(error, { wanted, includes: msgIncludes, verb: "rejected", message });
      }
      return error;
    }
  }
  throw new AssertionError(
    isPromiseReturned
      ? `Expected function to reject${suffix(message)}`
      : `Function throws when expected to reject${suffix(message)}`,
  );
}
