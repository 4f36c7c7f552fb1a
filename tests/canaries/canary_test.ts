/**
 * Tests that the planted bugs fit the source, and of what counts as noticed. That each bug is
 * noticed is checked by `deno task canary`, which takes longer.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { allCanaries } from "./all.ts";
import { isViolation, misfit } from "./canary.ts";

Deno.test("every canary fits the source exactly once", async () => {
  const misfits: string[] = [];
  for (const canary of allCanaries) {
    const text = await Deno.readTextFile(new URL(`../../${canary.file}`, import.meta.url));
    const problem = misfit(canary, text);
    if (problem !== null) misfits.push(problem);
  }
  assertEquals(misfits, []);
});

Deno.test("every canary has a unique description and a check that can notice it", () => {
  const bugs = allCanaries.map(({ rule, bug }) => `${rule} ${bug}`);
  assertEquals(new Set(bugs).size, bugs.length);
  assert(allCanaries.every(({ caughtBy }) => caughtBy.length > 0));
});

Deno.test("every test that shall notice a planted bug exists", () => {
  const words = allCanaries.flatMap(({ caughtBy }) => caughtBy).flatMap((line) => line.split(" "));
  const files = [...new Set(words.filter((word) => word.includes("/")))];
  assert(files.length > 30, `wanted most of the tests, got ${files.length}`);
  // A path that is missing throws an error with its name.
  for (const path of files) Deno.statSync(new URL(`../../${path}`, import.meta.url));
});

Deno.test("misfit refuses a text that is missing, ambiguous or unchanged", () => {
  const canary = { rule: "L1", bug: "a bug", file: "a.ts", find: "x", replace: "y", caughtBy: [] };
  assertEquals(misfit(canary, "a x b"), null);
  const problem = (places: number) =>
    `Cannot plant L1 (a bug): wanted its text once in a.ts, got ${places}`;
  assertEquals(misfit(canary, "a b"), problem(0));
  assertEquals(misfit(canary, "x x"), problem(2));
  assertEquals(misfit({ ...canary, replace: "x" }, "a x b"), problem(1));
});

Deno.test("isViolation is true for failed assertions and scenarios, false for type and load errors", () => {
  const cases: readonly (readonly [number, string, boolean])[] = [
    [1, "error: AssertionError: Values are not equal", true],
    [1, "--- FAIL: TestCount3B (2.0s), seed 1\n    Too many RPCs", true],
    [1, "--- FAIL: TestCount3B (2.0s), seed 1\n    TypeError: x is not a function", false],
    [1, "error: SyntaxError: Unexpected token", false],
    [1, "error: TypeError: Module not found", false],
    [1, "./raft/core/raft_test.ts (uncaught error)\nerror: AssertionError", false],
    [1, "error: InvariantError: one run\n./net/peers/x_test.ts (uncaught error)", true],
    [143, "", false],
    [0, "caught an AssertionError as it should", false],
  ];
  for (const [code, output, wanted] of cases) assertEquals(isViolation({ code, output }), wanted);
});
