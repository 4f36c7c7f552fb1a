/**
 * Tests of what is under way to one peer.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Window } from "./window.ts";

Deno.test("Window is full by count or by bytes, and empty when all is acknowledged", () => {
  for (const limits of [{ countMax: 2, bytesMax: 99 }, { countMax: 9, bytesMax: 20 }]) {
    const window = new Window(limits);
    window.push(1, 10);
    assertEquals([window.isEmpty, window.isFull], [false, false]);
    window.push(3, 10);
    assertEquals(window.isFull, true);
    window.acknowledge(2);
    assertEquals([window.isEmpty, window.isFull], [false, false]);
    window.acknowledge(3);
    assertEquals(window.isEmpty, true);
  }
});

Deno.test("Window counts the ticks since anything under way was acknowledged", () => {
  const window = new Window({ countMax: 9, bytesMax: 99 });
  window.tick();
  window.push(1, 1);
  assertEquals(window.stalledTicks, 0);
  window.tick();
  window.push(2, 1);
  window.tick();
  assertEquals(window.stalledTicks, 2);
  window.acknowledge(0); // no news
  assertEquals(window.stalledTicks, 2);
  window.acknowledge(1);
  assertEquals(window.stalledTicks, 0);
});
