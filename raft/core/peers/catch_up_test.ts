/**
 * Tests of when a peer has caught up.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { CatchUp } from "./catch_up.ts";

Deno.test("CatchUp is done when a round takes less than an election timeout (M5)", () => {
  const peer = new CatchUp(100, 3);
  for (let tick = 0; tick < 9; tick++) peer.tick(99, 200);
  assertEquals(peer.isDone, false);
  peer.tick(100, 200); // the first round took ten ticks
  assertEquals(peer.isDone, false);
  for (let tick = 0; tick < 2; tick++) peer.tick(150, 300);
  peer.tick(200, 300);
  assertEquals(peer.isDone, true);
});

Deno.test("CatchUp is not done any more when a later round takes too long (M5)", () => {
  const peer = new CatchUp(0, 3);
  peer.tick(0, 10);
  assertEquals(peer.isDone, true);
  for (let tick = 0; tick < 3; tick++) peer.tick(9, 20);
  assertEquals(peer.isDone, true);
  peer.tick(9, 20);
  assertEquals(peer.isDone, false);
});
