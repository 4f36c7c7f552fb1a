/**
 * Tests of what this project needs of `@std/assert`: the original or the stand-in in `tools/std`.
 * Failures are caught without assertions that are themselves under test.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  AssertionError,
  assertLess,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";

/** The message of the assertion that fails in `run`; a plain error if none does. */
function failure(run: () => void): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AssertionError && error.name === "AssertionError") return error.message;
    throw error;
  }
  throw new Error("wanted an AssertionError, got none");
}

async function failureLater(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
  } catch (error) {
    if (error instanceof AssertionError) return error.message;
    throw error;
  }
  throw new Error("wanted an AssertionError, got none");
}

function expectText(actual: string, ...parts: readonly string[]): void {
  for (const part of parts) {
    if (!actual.includes(part)) throw new Error(`wanted ${part} in: ${actual}`);
  }
}

class Point {
  constructor(readonly x: number) {}
}

class OtherPoint {
  constructor(readonly x: number) {}
}

function circle(): unknown[] {
  const ring: unknown[] = [];
  ring.push(ring);
  return ring;
}

const EQUAL: readonly (readonly [unknown, unknown])[] = [
  [1, 1],
  [NaN, NaN],
  [0, -0],
  [1n, 1n],
  ["a", "a"],
  [null, null],
  [[1, [2, { a: 3 }]], [1, [2, { a: 3 }]]],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }],
  [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  [Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
  [Uint8Array.of(0, 1, 2).subarray(1), Uint8Array.of(1, 2)],
  [new Date(5), new Date(5)],
  [/a/g, /a/g],
  [new Map([["k", { a: 1 }]]), new Map([["k", { a: 1 }]])],
  [new Map([[{ k: 1 }, 1]]), new Map([[{ k: 1 }, 1]])],
  [new Set([1, 2]), new Set([2, 1])],
  [new Set([{ a: 1 }]), new Set([{ a: 1 }])],
  [new Point(1), new Point(1)],
  [new URL("http://a/"), new URL("http://a/")],
  [circle(), circle()],
];

const DIFFERENT: readonly (readonly [unknown, unknown])[] = [
  [1, 2],
  [1, "1"],
  [1, 1n],
  [null, undefined],
  [null, {}],
  [{}, []],
  [{ a: undefined }, {}],
  [{ a: undefined }, { b: undefined }],
  [[1, 2], [2, 1]],
  [[1], [1, 2]],
  [Uint8Array.of(1), Uint8Array.of(2)],
  [Uint8Array.of(1), [1]],
  [Uint8Array.of(1), Uint16Array.of(1)],
  [new Date(5), new Date(6)],
  [/a/g, /a/i],
  [new Map([["k", 1]]), new Map([["k", 2]])],
  [new Map([["k", 1]]), new Map([["l", 1]])],
  [new Set([1]), new Set([2])],
  [new Point(1), new Point(2)],
  [new Point(1), new OtherPoint(1)],
  [new Point(1), { x: 1 }],
  [{ a: { b: [1, { c: 2 }] } }, { a: { b: [1, { c: 3 }] } }],
];

Deno.test("assertEquals and assertNotEquals tell equal from different when values are deep", () => {
  for (const [left, right] of EQUAL) {
    assertEquals(left, right);
    failure(() => assertNotEquals(left, right));
  }
  for (const [left, right] of DIFFERENT) {
    assertNotEquals(left, right);
    failure(() => assertEquals(left, right));
  }
});

Deno.test("assertEquals shows what differs when it fails", () => {
  const message = failure(() => assertEquals({ name: "n1", term: 5 }, { name: "n1", term: 6 }));
  expectText(message, "Values are not equal.", "Actual", "Expected", "term: 5", "term: 6");
  expectText(failure(() => assertEquals(1, 2, "of terms")), "Values are not equal: of terms");
  expectText(failure(() => assertNotEquals(1, 1, "of terms")), "not to be: 1: of terms");
});

Deno.test("assertions of truth, order and kind fail with a message that names both", () => {
  assert(1);
  assertFalse(0);
  assertGreater(2, 1);
  assertGreaterOrEqual(2, 2);
  assertLess(1n, 2n);
  assertMatch("n12", /^n\d+$/);
  assertStringIncludes("not leader", "leader");
  expectText(failure(() => assert(0, "no leader")), "no leader");
  expectText(failure(() => assertFalse(1, "a leader")), "a leader");
  expectText(failure(() => assertGreater(1, 1)), "Expect 1 > 1");
  expectText(failure(() => assertGreaterOrEqual(1, 2)), "Expect 1 >= 2");
  expectText(failure(() => assertLess(2, 2)), "Expect 2 < 2");
  expectText(failure(() => assertLess(2, 1, "too many")), "too many");
  expectText(failure(() => assertMatch("x", /^n/)), `actual: "x" to match: "/^n/".`);
  expectText(failure(() => assertStringIncludes("x", "y")), `actual: "x" to contain: "y".`);
});

Deno.test("assertThrows returns the error and looks at its class and message", () => {
  const thrower = (): never => {
    throw new RangeError("wanted 1, got 2");
  };
  const error: RangeError = assertThrows(thrower, RangeError, "got 2");
  assertEquals(error.message, "wanted 1, got 2");
  assert(assertThrows(thrower) instanceof RangeError);
  assertThrows(thrower, Error);
  expectText(
    failure(() => void assertThrows(thrower, SyntaxError)),
    `Expected error to be instance of "SyntaxError", but was "RangeError".`,
  );
  expectText(
    failure(() => void assertThrows(thrower, RangeError, "got 3", "of mine")),
    `Expected error message to include "got 3", but got "wanted 1, got 2": of mine`,
  );
  expectText(failure(() => void assertThrows(() => 1)), "Expected function to throw.");
  expectText(failure(() => void assertThrows(() => 1, "why")), "Expected function to throw: why");
  const textThrower = (): never => {
    // deno-lint-ignore no-throw-literal
    throw "text";
  };
  assertEquals(assertThrows(textThrower), "text");
  expectText(failure(() => void assertThrows(textThrower, Error)), "A non-Error object was thrown");
});

Deno.test("assertRejects resolves to the error and looks at its class and message", async () => {
  const rejecter = (): Promise<never> => Promise.reject(new RangeError("got 2"));
  const error: RangeError = await assertRejects(rejecter, RangeError, "got 2");
  assertEquals(error.message, "got 2");
  assert(await assertRejects(rejecter) instanceof RangeError);
  expectText(
    await failureLater(() => assertRejects(rejecter, TypeError)),
    `Expected error to be instance of "TypeError", but was "RangeError".`,
  );
  expectText(
    await failureLater(() => assertRejects(() => Promise.resolve(1))),
    "Expected function to reject.",
  );
  const thrower = (): Promise<never> => {
    throw new Error("at once");
  };
  expectText(
    await failureLater(() => assertRejects(thrower)),
    "Function throws when expected to reject.",
  );
});
