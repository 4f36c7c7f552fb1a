/**
 * Waits estimated from what was measured.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Pace } from "./pace.ts";

Deno.test("Pace measures only while commands queue up", () => {
  const pace = new Pace();
  pace.add(10, 1000);
  assertEquals(pace.estimateMs(100), 0);
  pace.begin(1000);
  pace.add(10, 1020);
  assertEquals(pace.estimateMs(100), 200);
  pace.pause();
  pace.add(1, 9000);
  assertEquals(pace.estimateMs(100), 200);
});

Deno.test("Pace follows a server that becomes slower", () => {
  const pace = new Pace();
  pace.begin(0);
  for (let batch = 1; batch <= 20; batch++) pace.add(10, 10 * batch);
  assertEquals(Math.round(pace.estimateMs(100)), 100);
  for (let batch = 1; batch <= 20; batch++) pace.add(10, 200 + 50 * batch);
  const wait = pace.estimateMs(100);
  assert(wait > 450 && wait < 500, `${wait} ms`);
});
