/**
 * Turns of work.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { Turns } from "./turns.ts";

Deno.test("so much work runs at once, and the rest in its order", async () => {
  const turns = new Turns(10);
  const begun: number[] = [];
  const ends = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const all = [4, 6, 5, 1, 100].map((weight, at) =>
    turns.run(weight, async () => {
      begun.push(at);
      await ends[at]!.promise;
    })
  );
  assertEquals(begun, [0, 1]);
  ends[0]!.resolve();
  await all[0];
  assertEquals(begun, [0, 1]);
  ends[1]!.resolve();
  await all[1];
  assertEquals(begun, [0, 1, 2, 3]);
  ends[2]!.resolve();
  ends[3]!.resolve();
  await Promise.all([all[2], all[3]]);
  assertEquals(begun, [0, 1, 2, 3, 4]);
  ends[4]!.resolve();
  await all[4];
  assertEquals(await turns.run(10, () => Promise.resolve("free")), "free");
});

Deno.test("work that fails ends its turn", async () => {
  const turns = new Turns(1);
  const fails = () => turns.run(1, () => Promise.reject(new Error("no")));
  await assertRejects(fails, Error, "no");
  await assertRejects(fails, Error, "no");
});
