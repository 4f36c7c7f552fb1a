/**
 * Tests of the outcomes that programs get.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { commitOutcome } from "./outcomes.ts";

Deno.test("commitOutcome calls a batch that may have happened unknown, and others refused (C2)", () => {
  const outcomes = [
    commitOutcome({ type: "maybe" }, "timeout"),
    commitOutcome({ type: "unavailable" }, "timeout"),
    commitOutcome({ type: "full" }, "timeout"),
    commitOutcome({ type: "refused" }, "timeout"),
    commitOutcome({ type: "compacted", oldest: 1 }, "timeout"),
    commitOutcome({ type: "future", newest: 1 }, "timeout"),
  ];
  assertEquals(outcomes, [
    { outcome: "unknown", reason: "timeout" },
    { outcome: "no", reason: "timeout" },
    { outcome: "no", reason: "full" },
    { outcome: "no", reason: "refused" },
    { outcome: "no", reason: "refused" },
    { outcome: "no", reason: "refused" },
  ]);
});
