/**
 * Tests of questions: only what was asked here, and was not answered yet, can be answered.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { Questions } from "./questions.ts";

Deno.test("an answer counts once, and for the questions before it as well (R7)", () => {
  const questions = new Questions(() => 0);
  const numbers = [10, 20, 30].map((at) => questions.ask(at));
  assertEquals(questions.latest, numbers[2]);
  assertEquals(questions.answered(numbers[1]!), 20);
  assertEquals([questions.answered(numbers[0]!), questions.answered(numbers[1]!)], [null, null]);
  assertEquals(questions.answered(numbers[2]!), 30);
});

Deno.test("an answer to a question of an earlier run counts for nothing (R7)", () => {
  const before = new Questions(() => 0.5);
  const after = new Questions(() => 0.25);
  const old = before.ask(10);
  for (let at = 0; at < 10; at++) after.ask(at);
  assertEquals(after.answered(old), null);
  assertGreater(old, after.latest);
});

Deno.test("only the latest questions are remembered while none is answered", () => {
  const questions = new Questions(() => 0);
  const numbers = Array.from({ length: 1000 }, (_, at) => questions.ask(at));
  assertEquals(questions.answered(numbers[500]!), null);
  assertEquals(questions.answered(numbers[999]!), 999);
});
