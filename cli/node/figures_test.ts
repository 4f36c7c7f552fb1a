/**
 * What a node measures of itself, at a clock that the test moves.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Status } from "../../raft/mod.ts";
import { LeaderChanges, LoopLag, SaveTimes } from "./figures.ts";

Deno.test("LoopLag finds a pause and forgets it after two minutes", () => {
  let now = 0;
  const lag = new LoopLag(() => now);
  lag.start();
  now = 450;
  lag.look();
  lag.stop();
  assertEquals(lag.longestMs, 250);
  for (const [time, longest] of [[60_001, 250], [120_002, 0]] as const) {
    now = time - 200;
    lag.start();
    lag.stop();
    now = time;
    lag.look();
    assertEquals(lag.longestMs, longest, `after ${time} ms`);
  }
});

Deno.test("LoopLag measures a pause of this very process", async () => {
  const lag = new LoopLag(() => performance.now());
  lag.start();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const end = performance.now() + 400;
  while (performance.now() < end); // This holds the event loop.
  await new Promise((resolve) => setTimeout(resolve, 50));
  lag.stop();
  assert(lag.longestMs > 150, `${lag.longestMs} ms`);
});

Deno.test("SaveTimes counts saves and knows the slowest hundredth and the last slow one", () => {
  let now = 0;
  const saves = new SaveTimes(() => now);
  assertEquals(saves.figures(), { count: 0, p99Ms: 0, lastSlow: null });
  for (let count = 1; count <= 100; count++) saves.add(count / 2);
  assertEquals(saves.figures(), { count: 100, p99Ms: 49.5, lastSlow: null });
  saves.add(300);
  now = 5000;
  assertEquals(saves.figures().lastSlow, { ms: 300, agoMs: 5000 });
  for (let count = 0; count < 2000; count++) saves.add(1);
  assertEquals([saves.figures().count, saves.figures().p99Ms], [2101, 1]);
});

Deno.test("LeaderChanges counts leaders that follow another, not losses of one", () => {
  const changes = new LeaderChanges(() => 0);
  const seen: unknown[] = [];
  const look = changes.before(({ leader }) => seen.push(leader));
  const leaders = [null, 1, 1, null, 1, 2, null, 3, 2];
  for (const leader of leaders) look({ leader } as Status);
  assertEquals(seen, leaders);
  assertEquals(changes.count, 4);
});

Deno.test("LeaderChanges remembers when the leader of each term was known first, and only the latest", () => {
  let now = 0;
  const changes = new LeaderChanges(() => now);
  const look = changes.before(() => {});
  const remembered = (): unknown => {
    let answer: unknown = null;
    assert(changes.answer("leaders", (reply) => answer = structuredClone(reply)));
    return answer;
  };
  for (const [at, term, leader] of [[1, 1, null], [2, 1, 3], [3, 1, 3], [4, 2, null], [5, 3, 3]]) {
    now = at!;
    look({ term, leader } as Status);
  }
  assertEquals(remembered(), [{ at: 2, term: 1, leader: 3 }, { at: 5, term: 3, leader: 3 }]);
  for (let term = 4; term < 1000; term++) look({ term, leader: 1 + term % 3 } as Status);
  const all = remembered() as { term: number }[];
  assertEquals([all.length, all[0]!.term, all.at(-1)!.term], [64, 936, 999]);
  assertEquals(changes.answer("metrics", () => {}), false);
});
