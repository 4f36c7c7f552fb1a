/**
 * Tests of keys that end by themselves: when, in which order, and what becomes of the index.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { drawn, finish } from "../../tests/cluster/drawn.ts";
import {
  decodeReply,
  encodeRequest,
  type Operation,
  type Result,
  SYSTEM_KEYS,
} from "../command/mod.ts";
import { MemoryState } from "../tables/mod.ts";
import { ENDED_AT_ONCE, Endings } from "./endings.ts";
import type { ChangeGroup } from "./draft.ts";
import { KvStore } from "./store.ts";

const value = Uint8Array.of(1);

/** A store on a state that the test can look into, and the wall time of its log. */
class World {
  state = new MemoryState();
  store = new KvStore(undefined, undefined, this.state);
  wall = 1000;
  readonly groups: ChangeGroup[] = [];

  constructor() {
    this.store.observe({
      changed: (group) => void this.groups.push(group),
      replaced: () => {},
    });
  }

  run(...then: readonly Operation[]): readonly Result[] {
    const batch = { checks: [], then, otherwise: [], at: 0 };
    const reply = this.apply(encodeRequest({ type: "batch", batch }));
    assert(reply?.type === "batch", reply?.type);
    return reply.result.results;
  }

  put(key: string, expires: number): void {
    this.run({ op: "put", key, value, expires });
  }

  end(): void {
    assertEquals(this.apply(encodeRequest({ type: "end" })), { type: "stored" });
  }

  apply(bytes: Uint8Array): ReturnType<typeof decodeReply> {
    const stamp = { index: this.store.revision + 1, steady: 0, wall: this.wall };
    return decodeReply(this.store.apply(bytes, stamp));
  }

  get keys(): readonly string[] {
    return this.#scan("", SYSTEM_KEYS);
  }

  /** The places of the index. */
  get places(): readonly string[] {
    return this.#scan(`${SYSTEM_KEYS}e/`, `${SYSTEM_KEYS}e0`).map((place) => place.slice(3));
  }

  #scan(from: string, to: string): readonly string[] {
    return [...this.state.scan({ from, to, at: this.store.revision })].map(({ key }) => key);
  }
}

Deno.test("a key goes with the first end entry whose wall time has reached its end, and is an expiry", () => {
  const world = new World();
  world.put("k", 2000);
  const [found] = world.run({ op: "get", key: "k" });
  assert(found?.op === "get" && found.entry !== null);
  assertEquals(found.entry.expires, 2000);
  world.wall = 1999;
  assertEquals(world.store.isDue({ wall: 1999, steady: 0 }), false);
  world.end();
  assertEquals(world.keys, ["k"]);
  world.wall = 2000;
  assert(world.store.isDue({ wall: 2000, steady: 0 }));
  world.end();
  assertEquals([world.keys, world.places, world.store.isDue({ wall: 9e9, steady: 0 })], [
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
  const world = new World();
  world.put("k", 2000);
  assert(world.store.isDue({ wall: 5000, steady: 0 }));
  world.end();
  assertEquals(world.keys, ["k"]);
});

Deno.test("what is written again has its new end or none, and a removed key comes back without one", () => {
  const world = new World();
  for (const key of ["later", "never", "short", "gone", "back"]) world.put(key, 2000);
  world.put("later", 3000);
  world.run({ op: "put", key: "never", value });
  world.apply(encodeRequest({ type: "put", key: "short", value, version: 1 }));
  world.run({ op: "delete", key: "gone" }, { op: "delete", key: "back" });
  world.run({ op: "put", key: "back", value });
  assertEquals(world.places.length, 1);
  world.wall = 2500;
  world.end();
  assertEquals(world.keys, ["back", "later", "never", "short"]);
  world.wall = 3000;
  world.end();
  assertEquals(world.keys, ["back", "never", "short"]);
});

Deno.test("a number goes on to end when it is changed, and a new number does not end", () => {
  const world = new World();
  world.run({ op: "put", key: "n", value: new Uint8Array(8), expires: 2000 });
  world.run({ op: "add", key: "n", amount: 1n, overflow: "wrap" });
  world.run({ op: "max", key: "m", amount: 1n });
  world.wall = 2000;
  world.end();
  assertEquals(world.keys, ["m"]);
});

Deno.test("a key whose end has passed is written, and goes with the next end entry", () => {
  const world = new World();
  world.put("first", 1500);
  world.wall = 9000;
  world.end();
  assertEquals(world.keys, []);
  world.put("late", 1200);
  assertEquals(world.keys, ["late"]);
  assert(world.store.isDue({ wall: 0, steady: 0 }));
  world.end();
  assertEquals(world.keys, []);
});

Deno.test("many keys end in groups of a bounded number, the earliest first", () => {
  const world = new World();
  const count = 2 * ENDED_AT_ONCE + 7;
  for (let place = 0; place < count; place++) {
    world.put(`k${`${place}`.padStart(4, "0")}`, 5000 - place);
  }
  world.wall = 5000;
  const left = [];
  world.groups.length = 0;
  while (world.store.isDue({ wall: world.wall, steady: 0 })) {
    world.end();
    left.push(world.keys.length);
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
  const world = new World();
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
