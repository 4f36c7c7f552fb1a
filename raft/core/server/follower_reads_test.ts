/**
 * Tests of the reads of a follower: question, position, and the end of its patience.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FollowerReads } from "./follower_reads.ts";

Deno.test("a follower answers a read when it has applied its position (R7)", () => {
  const reads = new FollowerReads();
  assertEquals(reads.isAnswering, false);
  reads.register(1);
  reads.register(2);
  assertEquals(reads.wantsQuestion(4), true);
  reads.ask(10);
  assertEquals([reads.wantsQuestion(4), reads.take(99)], [false, []]);
  reads.answer(10, 7);
  assertEquals([reads.isAnswering, reads.take(6)], [true, []]);
  assertEquals(reads.take(7), [
    { context: 1, confirmed: true },
    { context: 2, confirmed: true },
  ]);
  assertEquals(reads.isWaiting, false);
});

Deno.test("an answer says nothing about reads that came after its question (R7)", () => {
  const reads = new FollowerReads();
  reads.register(1);
  reads.ask(10);
  reads.register(2);
  reads.answer(10, 5);
  assertEquals(reads.take(9).map(({ context }) => context), [1]);
  reads.ask(11);
  reads.answer(10, 5);
  assertEquals(reads.take(9), []);
  reads.answer(12, 6);
  assertEquals(reads.take(9).map(({ context }) => context), [2]);
});

Deno.test("a follower asks again when no answer comes, and gives up in the end", () => {
  const reads = new FollowerReads();
  reads.register(1);
  reads.ask(10);
  for (let tick = 0; tick < 4; tick++) reads.tick(20);
  assertEquals(reads.wantsQuestion(4), true);
  reads.ask(11);
  assertEquals(reads.wantsQuestion(4), false);
  for (let tick = 0; tick < 20; tick++) reads.tick(20);
  assertEquals(reads.take(0), [{ context: 1, confirmed: false }]);
  assertEquals(reads.isWaiting, false);
});

Deno.test("a read whose position is not applied in time is given up as well", () => {
  const reads = new FollowerReads();
  reads.register(1);
  reads.ask(10);
  reads.answer(10, 5);
  for (let tick = 0; tick <= 20; tick++) reads.tick(20);
  assertEquals(reads.take(4), [{ context: 1, confirmed: false }]);
});

Deno.test("all reads are given up with the leader", () => {
  const reads = new FollowerReads();
  reads.register(1);
  reads.ask(10);
  reads.answer(10, 5);
  reads.register(2);
  reads.ask(11);
  reads.register(3);
  assertEquals(reads.abandon().map(({ context, confirmed }) => [context, confirmed]), [
    [1, false],
    [2, false],
    [3, false],
  ]);
});
