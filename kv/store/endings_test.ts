/**
 * Tests of keys that end by themselves: when, in which order, and what becomes of the index.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { drawn, finish } from "../../tests/cluster/drawn.ts";
import { StoreWorld } from "../../tests/cluster/store_world.ts";
import { encodeRequest, type Operation } from "../command/mod.ts";
import { ENDED_AT_ONCE, Endings } from "./endings.ts";
import { KvStore } from "./store.ts";

const value = Uint8Array.of(1);

Deno.test("a key goes with the first end entry whose wall time has reached its end, and is an expiry", () => {
  const world = new StoreWorld();
  world.put("k", { expires: 2000 });
  const [found] = world.run({ op: "get", key: "k" });
  assert(found?.op === "get" && found.entry !== null);
  assertEquals(found.entry.expires, 2000);
  world.wall = 1999;
  assertEquals(world.isDue({ wall: 1999 }), false);
  world.end();
  assertEquals(world.keys(), ["k"]);
  world.wall = 2000;
  assert(world.isDue({ wall: 2000 }));
  world.end();
  assertEquals([
    world.keys(),
    world.keys("e"),
    world.isDue({ wall: 9e9 }),
  ], [
    [],
    [],
    false,
  ]);
  const [change] = world.groups.at(-1)!.changes;
  assertEquals(change!.entry, {
    ...{ key: "k", value: null, revision: world.store.revision, version: 2, created: 1 },
    ...{ lease: 0, expires: 2000 },
  });
  assertEquals(change!.previous?.value, value);
});

Deno.test("a clock of the server that is ahead ends nothing early", () => {
  const world = new StoreWorld();
  world.put("k", { expires: 2000 });
  assert(world.isDue({ wall: 5000 }));
  world.end();
  assertEquals(world.keys(), ["k"]);
});

Deno.test("what is written again has its new end or none, and a removed key comes back without one", () => {
  const world = new StoreWorld();
  for (const key of ["later", "never", "short", "gone", "back"]) world.put(key, { expires: 2000 });
  world.put("later", { expires: 3000 });
  world.run({ op: "put", key: "never", value });
  world.apply(encodeRequest({ type: "put", key: "short", value, version: 1 }));
  world.run({ op: "delete", key: "gone" }, { op: "delete", key: "back" });
  world.run({ op: "put", key: "back", value });
  assertEquals(world.keys("e").length, 1);
  world.wall = 2500;
  world.end();
  assertEquals(world.keys(), ["back", "later", "never", "short"]);
  world.wall = 3000;
  world.end();
  assertEquals(world.keys(), ["back", "never", "short"]);
});

Deno.test("a number goes on to end when it is changed, and a new number does not end", () => {
  const world = new StoreWorld();
  world.run({ op: "put", key: "n", value: new Uint8Array(8), expires: 2000 });
  world.run({ op: "add", key: "n", amount: 1n, overflow: "wrap" });
  world.run({ op: "max", key: "m", amount: 1n });
  world.wall = 2000;
  world.end();
  assertEquals(world.keys(), ["m"]);
});

Deno.test("a key whose end has passed is written, and goes with the next end entry", () => {
  const world = new StoreWorld();
  world.put("first", { expires: 1500 });
  world.wall = 9000;
  world.end();
  assertEquals(world.keys(), []);
  world.put("late", { expires: 1200 });
  assertEquals(world.keys(), ["late"]);
  assert(world.isDue({ wall: 0 }));
  world.end();
  assertEquals(world.keys(), []);
});

Deno.test("many keys end in groups of a bounded number, the earliest first", () => {
  const world = new StoreWorld();
  const count = 2 * ENDED_AT_ONCE + 7;
  for (let place = 0; place < count; place++) {
    world.put(`k${`${place}`.padStart(4, "0")}`, { expires: 5000 - place });
  }
  world.wall = 5000;
  const left = [];
  world.groups.length = 0;
  while (world.isDue({ wall: world.wall })) {
    world.end();
    left.push(world.keys().length);
  }
  assertEquals(left, [count - ENDED_AT_ONCE, 7, 0]);
  assertEquals(world.groups.map(({ changes }) => changes.length), [
    ENDED_AT_ONCE,
    ENDED_AT_ONCE,
    7,
  ]);
  const ends = world.groups.flatMap(({ changes }) => changes.map(({ entry }) => entry.expires));
  assertEquals(ends, ends.toSorted());
});

Deno.test("two servers have the same state, also when one of them was restored in between", () => {
  const world = new StoreWorld();
  const log: Uint8Array[] = [];
  const restored = new KvStore();
  const apply = (then: readonly Operation[] | null): void => {
    const batch = { checks: [], then: then ?? [], otherwise: [], at: 0 };
    const bytes = encodeRequest(then === null ? { type: "end" } : { type: "batch", batch });
    world.apply(bytes);
    log.push(bytes);
    const stamp = { index: world.store.revision, steady: 0, wall: world.wall };
    if (log.length > 5) restored.apply(bytes, stamp);
    if (log.length === 5) finish(restored.restore(drawn(world.store.snapshot())));
  };
  apply([{ op: "put", key: "a", value, expires: 1500 }]);
  apply([{ op: "put", key: "b", value, expires: 4000 }]);
  world.wall = 2000;
  apply(null);
  // One server believes from here on that something ends at 2900, the other one does not.
  apply([{ op: "put", key: "c", value, expires: 2900 }]);
  apply([{ op: "delete", key: "c" }]);
  world.wall = 3000;
  apply(null);
  assertEquals(drawn(restored.snapshot()), drawn(world.store.snapshot()));
  world.wall = 4000;
  apply(null);
  assertEquals(drawn(restored.snapshot()), drawn(world.store.snapshot()));
  assertEquals(new Endings(world.state).next, Infinity);
  assertEquals(restored.size, 0);
});
