/**
 * Tests of pending reads, which wait for a round and an index.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ReadQueue } from "./reads.ts";

Deno.test("ReadQueue answers a read once its round is confirmed and its index applied", () => {
  const reads = new ReadQueue();
  reads.register(7);
  assertEquals(reads.take(99, 99), []); // not started
  reads.start(5, 2, 0);
  assertEquals([reads.take(1, 9), reads.take(2, 4)], [[], []]);
  assertEquals(reads.take(2, 5), [{ context: 7, confirmed: true }]);
  assertEquals(reads.take(2, 5), []);
});

Deno.test("ReadQueue assigns each read a round that begins after its registration (R2)", () => {
  const reads = new ReadQueue();
  reads.register(1);
  reads.start(5, 1, 0);
  reads.register(2);
  assertEquals(reads.hasRegistered, true);
  reads.start(6, 2, 0);
  assertEquals(reads.take(1, 9).map(({ context }) => context), [1]);
  assertEquals(reads.take(2, 9).map(({ context }) => context), [2]);
});

Deno.test("ReadQueue refuses all pending reads when leadership is lost", () => {
  const reads = new ReadQueue();
  reads.register(1);
  reads.start(5, 1, 0);
  reads.register(2);
  assertEquals(reads.abandon(), [{ context: 1, confirmed: false }, {
    context: 2,
    confirmed: false,
  }]);
});

Deno.test("ReadQueue answers the latest question of each follower after its round (R7)", () => {
  const reads = new ReadQueue();
  reads.question(2, 7, false);
  reads.question(2, 9, true);
  reads.question(2, 8, false);
  reads.question(3, 4, false);
  assertEquals(reads.hasRegistered, true);
  reads.start(5, 1, 100);
  reads.question(3, 5, false);
  assertEquals(reads.hasRegistered, false);
  assertEquals(reads.takeRounds(0), []);
  const [round] = reads.takeRounds(1);
  assertEquals([round?.index, round?.at], [5, 100]);
  assertEquals([...round!.questions], [
    [2, { number: 9, hasReads: true }],
    [3, { number: 4, hasReads: false }],
  ]);
  assertEquals(reads.takeRounds(1), []);
});
