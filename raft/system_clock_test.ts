/**
 * Tests of real timers at the limits of their range.
 *
 * @module
 */

import { assert, assertEquals, assertGreaterOrEqual, assertThrows } from "@std/assert";
import { setDeadline, SystemClock } from "./system_clock.ts";

const clock = new SystemClock();

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}

Deno.test("SystemClock.after does not run early when the wait is a fraction", async () => {
  for (const ms of [0, 0.2, 0.9, 1.5, 7]) {
    const start = clock.now();
    await sleep(ms);
    assertGreaterOrEqual(clock.now(), start + ms);
  }
});

Deno.test("SystemClock.after does not run at once when the wait is longer than 2^31 ms", async () => {
  const ran: number[] = [];
  const waits = [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32, 2 ** 32 + 1, 1e15];
  const timers = waits.map((ms) => clock.after(ms, () => ran.push(ms)));
  await sleep(20);
  for (const timer of timers) timer.cancel();
  assertEquals(ran, []);
});

Deno.test("SystemClock.after runs nothing after it was cancelled", async () => {
  let ran = false;
  const timer = clock.after(1, () => ran = true);
  timer.cancel();
  await sleep(5);
  timer.cancel();
  assert(!ran);
});

Deno.test("SystemClock.after refuses a wait that is not a number from 0 up", () => {
  for (const ms of [-1, NaN, Infinity]) {
    assertThrows(() => clock.after(ms, () => {}), RangeError, `got ${ms}`);
  }
});

Deno.test("SystemClock.soon runs after the current code and before the next timer", async () => {
  const order: string[] = [];
  const timer = sleep(0).then(() => order.push("timer"));
  clock.soon(() => order.push("soon"));
  order.push("at hand");
  await timer;
  assertEquals(order, ["at hand", "soon", "timer"]);
});

Deno.test("SystemClock.after splits a wait longer than the platform supports (E6)", () => {
  const asked: { readonly ms: number; readonly wake: () => void }[] = [];
  const original = globalThis.setTimeout;
  let ran = false;
  globalThis.setTimeout = ((wake: () => void, ms: number) => {
    asked.push({ ms, wake });
    return 0;
  }) as unknown as typeof setTimeout;
  try {
    clock.after(2 ** 31 + 1000, () => ran = true);
    // After the longest supported wait, some of the wait is left.
    asked[0]?.wake();
  } finally {
    globalThis.setTimeout = original;
  }
  assert(!ran);
  assertEquals(asked.length, 2);
  for (const { ms } of asked) assert(ms > 0 && ms < 2 ** 31, `${ms}`);
});

/** Holds up this process. */
function stall(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

Deno.test("setDeadline lets input that waits come first after the process was held up", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const events: string[] = [];
  const over = Promise.withResolvers<void>();
  setDeadline(() => {
    events.push("deadline");
    over.resolve();
  }, 10);
  const accepted = listener.accept().then((conn) => {
    events.push("accepted");
    conn.close();
  });
  const dialled = Deno.connect({ port: (listener.addr as Deno.NetAddr).port });
  stall(200);
  await Promise.all([over.promise, accepted]);
  (await dialled).close();
  listener.close();
  assertEquals(events, ["accepted", "deadline"]);
});

Deno.test("setDeadline can be cancelled, also after the process was held up", async () => {
  let runs = 0;
  const cancels = [setDeadline(() => runs++, 5), setDeadline(() => runs++, 5)];
  cancels[0]!();
  stall(200);
  await new Promise((resolve) => setTimeout(resolve, 20));
  cancels[1]!();
  await new Promise((resolve) => setTimeout(resolve, 150));
  assertEquals(runs, 0);
});
