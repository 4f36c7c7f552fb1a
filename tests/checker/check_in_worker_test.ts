/**
 * Tests of the checker in its worker: it gives the same result and does not block the event loop.
 * That no worker is left behind is checked by the resource sanitizer of the test runner.
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

Deno.test("checkInWorker returns the result of check", async () => {
  const history = [write(1), write(2), read];
  const result = await checkInWorker({ model: "register", history, deadlineMs: 60_000 });
  assertEquals(result, check(registerModel, history));
  assertEquals(result.verdict, "illegal");
});

Deno.test("checkInWorker does not block the event loop while the search runs to its deadline", async () => {
  const history = [...Array.from({ length: 40 }, (_, value) => write(value)), read];
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  const { verdict } = await checkInWorker({ model: "register", history, deadlineMs: 200 });
  clearInterval(timer);
  assertEquals(verdict, "unknown");
  assertGreater(turns, 5);
});

Deno.test("checkInWorker rejects when the request is invalid", async () => {
  const question = { model: "no such model", history: [], deadlineMs: 1 };
  await assertRejects(() => checkInWorker(question), RangeError, "Cannot find the model");
});
