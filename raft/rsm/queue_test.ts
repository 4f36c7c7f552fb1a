/**
 * The queue against an array.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Queue } from "./queue.ts";

Deno.test("Queue gives items in the order in which they came", () => {
  const queue = new Queue<number>();
  const model: number[] = [];
  for (let step = 0; step < 60_000; step++) {
    // Grows to 20,000 items, then shrinks.
    if (step < 40_000 ? step % 4 !== 0 : step % 4 === 0) {
      queue.push(step);
      model.push(step);
    } else assertEquals(queue.shift(), model.shift());
    assertEquals([queue.length, queue.peek()], [model.length, model[0]]);
  }
  assertEquals(queue.drain(), model);
  assertEquals([queue.length, queue.peek(), queue.shift()], [0, undefined, undefined]);
});
