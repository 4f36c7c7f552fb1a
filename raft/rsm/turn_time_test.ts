/**
 * Tests of the time that stands still for a turn.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { TurnTime } from "./turn_time.ts";

Deno.test("TurnTime reads the clock once a turn", () => {
  let reads = 0;
  const later: (() => void)[] = [];
  const time = new TurnTime({ now: () => ++reads, soon: (run) => void later.push(run) });
  assertEquals([time.now(), time.now(), time.now()], [1, 1, 1]);
  assertEquals(later.length, 1);
  later.pop()!();
  assertEquals([time.now(), time.now()], [2, 2]);
});
