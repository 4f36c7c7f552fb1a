/**
 * The checker in its worker: the same answer, a loop that keeps turning, and nothing left behind
 * (which the test runner itself watches).
 *
 * @module
 */

import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import { checkInWorker } from "./check_in_worker.ts";
import { check } from "./search/linearizability.ts";
import { type RegisterInput, registerModel, type RegisterOutput } from "./register_model.ts";

const write = (value: number) => ({
  client: value,
  call: 0,
  return: 10,
  input: { op: "write", key: "x", value } satisfies RegisterInput,
  output: { op: "write" } satisfies RegisterOutput,
});
const read = {
  client: 9,
  call: 11,
  return: 12,
  input: { op: "read", key: "x" } satisfies RegisterInput,
  output: { op: "read", value: -1 } satisfies RegisterOutput,
};

Deno.test("checkInWorker gives the answer of check", async () => {
  const history = [write(1), write(2), read];
  const result = await checkInWorker({ model: "register", history, deadlineMs: 60_000 });
  assertEquals(result, check(registerModel, history));
  assertEquals(result.verdict, "illegal");
});

Deno.test("checkInWorker lets the event loop turn while the search runs to its deadline", async () => {
  const history = [...Array.from({ length: 40 }, (_, value) => write(value)), read];
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  const { verdict } = await checkInWorker({ model: "register", history, deadlineMs: 200 });
  clearInterval(timer);
  assertEquals(verdict, "unknown");
  assertGreater(turns, 5);
});

Deno.test("checkInWorker rejects when the question is wrong", async () => {
  const question = { model: "no such model", history: [], deadlineMs: 1 };
  await assertRejects(() => checkInWorker(question), RangeError, "Cannot find the model");
});
