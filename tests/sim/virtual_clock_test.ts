/**
 * Tests of virtual time.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SeededRandom } from "./seeded_random.ts";
import { ClockView, VirtualClock } from "./virtual_clock.ts";

Deno.test("VirtualClock runs events in the order of time, then of scheduling", async () => {
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  const seen: [number, number][] = [];
  for (let number = 0; number < 2000; number++) {
    const at = random.below(50);
    clock.after(at, () => {
      assertEquals(clock.now(), at);
      seen.push([at, number]);
    });
  }
  await clock.sleep(100);
  assertEquals(seen.length, 2000);
  assertEquals(seen, seen.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]));
  assertEquals(clock.now(), 100);
});

Deno.test("VirtualClock stands still while no caller waits", async () => {
  const clock = new VirtualClock();
  let count = 0;
  const tick = () => {
    count++;
    clock.after(10, tick);
  };
  clock.after(10, tick);
  await clock.sleep(95);
  assertEquals(count, 9);
  for (let round = 0; round < 100; round++) await null;
  assertEquals([count, clock.now()], [9, 95]);
});

Deno.test("VirtualClock wakes sleepers in turn, and lets them finish between events", async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  async function sleeper(name: string, ms: number): Promise<void> {
    for (let round = 0; round < 3; round++) {
      await clock.sleep(ms);
      for (let step = 0; step < 50; step++) await null;
      seen.push(`${name} ${clock.now()}`);
    }
  }
  await Promise.all([sleeper("a", 10), sleeper("b", 15)]);
  assertEquals(seen, ["a 10", "b 15", "a 20", "b 30", "a 30", "b 45"]);
});

Deno.test("VirtualClock does not run a cancelled event", async () => {
  const clock = new VirtualClock();
  let ran = false;
  const timer = clock.after(5, () => ran = true);
  timer.cancel();
  await clock.sleep(10);
  assertEquals(ran, false);
  assertThrows(() => clock.after(NaN, () => {}), RangeError, "Cannot schedule");
});

Deno.test("VirtualClock rejects all waits when an event throws", async () => {
  const clock = new VirtualClock();
  clock.after(5, () => {
    throw new Error("broken");
  });
  const first = assertRejects(() => clock.sleep(10), Error, "broken");
  const second = assertRejects(() => clock.wait(new Promise(() => {})), Error, "broken");
  await Promise.all([first, second]);
  await assertRejects(() => clock.sleep(1), Error, "broken");
});

Deno.test("VirtualClock refuses to wait when there is no event", async () => {
  const clock = new VirtualClock();
  await assertRejects(() => clock.wait(new Promise(() => {})), Error, "nothing will ever happen");
});

Deno.test("ClockView holds events while paused and runs them on resume", async () => {
  const clock = new VirtualClock();
  const view = new ClockView(clock);
  const seen: string[] = [];
  view.after(10, () => seen.push(`a ${clock.now()}`));
  view.after(20, () => seen.push(`b ${clock.now()}`));
  view.after(90, () => seen.push(`c ${clock.now()}`));
  clock.after(5, () => view.pause());
  clock.after(50, () => view.resume());
  await clock.sleep(100);
  assertEquals(seen, ["a 50", "b 50", "c 90"]);
});

Deno.test("ClockView runs nothing after its end", async () => {
  const clock = new VirtualClock();
  const view = new ClockView(clock);
  let ran = false;
  view.after(10, () => ran = true);
  view.pause();
  await clock.sleep(20);
  view.end();
  view.resume();
  view.soon(() => ran = true);
  await clock.sleep(20);
  assertEquals(ran, false);
});

Deno.test("ClockView drifts at its rate", async () => {
  const clock = new VirtualClock();
  const fast = new ClockView(clock, { rate: 1.25, originMs: 1000 });
  let at = 0;
  fast.after(100, () => at = clock.now());
  await clock.sleep(200);
  assertEquals(at, 80);
  assertEquals(fast.now(), 1250);
  assert(!fast.isPaused);
});
