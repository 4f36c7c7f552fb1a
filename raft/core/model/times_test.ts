/**
 * Tests of the times that a leader gives its entries.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { goesBack, LeaderTime } from "./times.ts";

/** Clocks that the test sets. */
class Clocks {
  monotonicMs: number;
  wallMs: number;

  constructor(monotonicMs: number, wallMs: number) {
    this.monotonicMs = monotonicMs;
    this.wallMs = wallMs;
  }

  now(): number {
    return this.monotonicMs;
  }

  wall(): number {
    return this.wallMs;
  }
}

Deno.test("LeaderTime continues where the last entry ended, whatever its own clocks say (K1, K2)", () => {
  const last = { steady: 500, wall: 9_000 };
  for (const monotonicMs of [0, 0.7, 500, 1e9]) {
    for (const wallMs of [0, 8_999, 9_000]) {
      assertEquals(new LeaderTime(last, new Clocks(monotonicMs, wallMs)).read(), last);
    }
  }
});

Deno.test("LeaderTime advances steady time by the monotonic clock, in whole milliseconds (K2)", () => {
  const clocks = new Clocks(70.5, 0);
  const time = new LeaderTime({ steady: 500, wall: 0 }, clocks);
  clocks.monotonicMs += 0.9;
  const read = (): number => (time.turned(), time.read().steady);
  assertEquals(read(), 500);
  clocks.monotonicMs += 0.2;
  assertEquals(read(), 501);
  clocks.monotonicMs += 1_000;
  assertEquals(read(), 1_501);
});

Deno.test("LeaderTime follows the wall clock, and waits while that is behind (K3)", () => {
  const clocks = new Clocks(0, 2_000.9);
  const time = new LeaderTime({ steady: 0, wall: 1_000 }, clocks);
  const read = (): number => (time.turned(), time.read().wall);
  assertEquals(read(), 2_000);
  clocks.wallMs = 5;
  assertEquals(read(), 2_000);
  clocks.wallMs = 2_001;
  assertEquals(read(), 2_001);
});

Deno.test("LeaderTime gives the same object in one turn, and while no time passes", () => {
  const clocks = new Clocks(3, 4);
  const time = new LeaderTime({ steady: 0, wall: 0 }, clocks);
  const first = time.read();
  time.turned();
  assert(first === time.read());
  clocks.monotonicMs++;
  assert(first === time.read());
  time.turned();
  assert(first !== time.read());
  assertEquals(first, { steady: 0, wall: 4 });
});

Deno.test("goesBack is true if either time would be smaller", () => {
  const times = { steady: 5, wall: 5 };
  const later = [[5, 5], [6, 5], [5, 6], [4, 6], [6, 4]].map(([steady, wall]) =>
    goesBack(times, { steady: steady!, wall: wall! })
  );
  assertEquals(later, [false, false, false, true, true]);
});
