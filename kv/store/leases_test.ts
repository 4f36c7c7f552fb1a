/**
 * Tests of leases: how long they live, what ends with them, and what remains of them.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { drawn, finish } from "../../tests/cluster/drawn.ts";
import { StoreWorld } from "../../tests/cluster/store_world.ts";
import { encodeRequest } from "../command/mod.ts";
import { LEASE_LIMITS, Leases } from "./leases.ts";
import { KvStore } from "./store.ts";

const value = Uint8Array.of(1);

Deno.test("a lease ends with its keys at one revision, not before its time, and is named as the reason", () => {
  const world = new StoreWorld();
  world.grant(7, 500);
  world.put("a", { lease: 7 });
  world.put("b", { lease: 7 });
  world.run({ op: "put", key: "c", value });
  const [found] = world.run({ op: "get", key: "a" });
  assert(found?.op === "get");
  assertEquals(found.entry?.lease, 7);
  world.steady = 1499;
  assertEquals(world.isDue({ steady: 1499 }), false);
  world.end();
  assertEquals(world.keys(), ["a", "b", "c"]);
  world.steady = 1500;
  assert(world.isDue({ steady: 1500 }));
  world.end();
  assertEquals(world.keys(), ["c"]);
  assertEquals([world.keys("l"), world.keys("b")], [[], []]);
  const { changes } = world.groups.at(-1)!;
  assertEquals(changes.map(({ entry: { key, lease } }) => [key, lease]), [["a", 7], ["b", 7]]);
  assertEquals(world.isDue({ steady: 9e9 }), false);
});

Deno.test("a renewed lease has its whole time again, and one that has ended is named as gone", () => {
  const world = new StoreWorld();
  world.grant(1, 500);
  world.grant(2, 500);
  world.put("a", { lease: 1 });
  world.steady = 1400;
  assertEquals(world.run({ op: "renew", leases: [1, 3] }), [{ op: "renew", gone: [3] }]);
  world.steady = 1899;
  world.end();
  assertEquals(world.run({ op: "leases", from: 0, limit: 9 }), [
    { op: "leases", leases: [{ lease: 1, ttl: 500, left: 1 }], next: 0 },
  ]);
  world.steady = 1900;
  world.end();
  assertEquals(world.run({ op: "renew", leases: [1] }), [{ op: "renew", gone: [1] }]);
  assertEquals(world.keys(), []);
});

Deno.test("a key leaves its lease when it is written without it, or with another one", () => {
  const world = new StoreWorld();
  world.grant(1, 500);
  world.grant(2, 5000);
  for (const key of ["plain", "other", "gone", "number"]) {
    world.run({ op: "put", key, value: new Uint8Array(8), lease: 1 });
  }
  world.run({ op: "put", key: "plain", value });
  world.put("other", { lease: 2 });
  world.run({ op: "delete", key: "gone" });
  world.run({ op: "add", key: "number", amount: 1n, overflow: "wrap" });
  assertEquals(world.keys("b").length, 2);
  world.steady = 2000;
  world.end();
  assertEquals(world.keys(), ["other", "plain"]);
});

Deno.test("a key that is touched keeps its value and gets another lease and end, or none", () => {
  const world = new StoreWorld();
  world.grant(1, 500);
  world.grant(2, 5000);
  for (const key of ["free", "moved", "timed"]) world.put(key, { lease: 1 });
  const missing = { op: "touch", existed: false, version: 0 } as const;
  assertEquals(world.run({ op: "touch", key: "none", lease: 2 }), [missing]);
  const touched = { op: "touch", existed: true, version: 2 } as const;
  assertEquals(
    world.run(
      { op: "touch", key: "free" },
      { op: "touch", key: "moved", lease: 2 },
      { op: "touch", key: "timed", expires: 9000 },
    ),
    [touched, touched, touched],
  );
  world.steady = 2000;
  world.end();
  assertEquals(world.keys(), ["free", "moved", "timed"]);
  const entries = ["free", "moved", "timed"].map((key) => {
    const [found] = world.run({ op: "get", key });
    assert(found?.op === "get" && found.entry !== null);
    const { value, version, created, lease = 0, expires = 0 } = found.entry;
    return [value, version, created < found.entry.revision, lease, expires];
  });
  assertEquals(entries, [
    [value, 2, true, 0, 0],
    [value, 2, true, 2, 0],
    [value, 2, true, 0, 9000],
  ]);
  // A lease that has ended is refused as it is by a put, and the batch changes nothing.
  const reply = world.ask([{ op: "touch", key: "free", expires: 1 }, {
    ...{ op: "touch", key: "moved", lease: 1 },
  }]);
  assertEquals([reply?.type, world.groups.length], ["invalid", 4]);
  world.wall = 9000;
  world.end();
  assertEquals(world.keys(), ["free", "moved"]);
});

Deno.test("nothing is bound to a lease that is not there, and the batch changes nothing", () => {
  const world = new StoreWorld();
  const reply = world.ask([
    { op: "put", key: "a", value },
    { op: "put", key: "b", value, lease: 9 },
  ]);
  assertEquals(reply?.type, "invalid");
  assertEquals(world.keys(), []);
});

Deno.test("a batch sees its own leases: it grants, binds and revokes at one revision", () => {
  const world = new StoreWorld();
  const results = world.run(
    { op: "grant", lease: 4, ttl: 500 },
    { op: "put", key: "a", value, lease: 4 },
    { op: "leases", from: 4, limit: 1 },
    { op: "revoke", lease: 4 },
    { op: "revoke", lease: 4 },
    { op: "get", key: "a" },
  );
  assertEquals(results.slice(2), [
    { op: "leases", leases: [{ lease: 4, ttl: 500, left: 500 }], next: 0 },
    { op: "revoke", existed: true, count: 1 },
    { op: "revoke", existed: false, count: 0 },
    { op: "get", entry: null },
  ]);
  assertEquals([world.keys(), world.keys("b"), world.keys("l")], [[], [], []]);
  assertEquals(world.isDue({ steady: 9e9 }), false);
});

Deno.test("a key that the batch itself took from its lease outlives the lease", () => {
  const world = new StoreWorld();
  world.grant(4, 500);
  world.put("a", { lease: 4 });
  world.run({ op: "put", key: "a", value }, { op: "revoke", lease: 4 });
  assertEquals([world.keys(), world.keys("b")], [["a"], []]);
});

Deno.test("a batch that cannot be executed grants, renews and revokes nothing", () => {
  const world = new StoreWorld();
  world.grant(1, 500);
  world.put("a", { lease: 1 });
  world.steady = 1400;
  const reply = world.ask([
    { op: "grant", lease: 2, ttl: 500 },
    { op: "renew", leases: [1] },
    { op: "put", key: "b", value, lease: 3 },
  ]);
  assertEquals(reply?.type, "invalid");
  world.steady = 1500;
  world.end();
  assertEquals(world.keys(), []);
  assertEquals(world.run({ op: "renew", leases: [2] }), [{ op: "renew", gone: [2] }]);
});

Deno.test("a lease with very many keys ends in slices, and nothing renews it meanwhile", () => {
  const world = new StoreWorld();
  world.grant(1, 500);
  const count = LEASE_LIMITS.keysAtOnce + 5;
  for (let place = 0; place < count; place++) world.put(`k${place}`, { lease: 1 });
  world.steady = 2000;
  world.end();
  assertEquals(world.keys().length, 5);
  assertEquals(world.run({ op: "renew", leases: [1] }), [{ op: "renew", gone: [1] }]);
  assertEquals(world.ask([{ op: "put", key: "new", value, lease: 1 }])?.type, "invalid");
  assert(world.isDue({ steady: world.steady }));
  world.end();
  assertEquals([world.keys(), world.keys("l")], [[], []]);
});

Deno.test("ten thousand leases end in slices, the earliest first", () => {
  const world = new StoreWorld();
  for (let lease = 1; lease <= 10_000; lease++) {
    world.grant(lease, 20_000 - lease);
    if (lease % 100 === 0) world.put(`k${lease}`, { lease: lease });
  }
  world.steady = 30_000;
  let slices = 0;
  world.groups.length = 0;
  for (; world.isDue({ steady: world.steady }); slices++) world.end();
  assertEquals(slices, 10_000 / LEASE_LIMITS.leasesAtOnce);
  assertEquals([world.keys(), world.keys("l")], [[], []]);
  const ended = world.groups.flatMap(({ changes }) => changes.map(({ entry }) => entry.lease));
  assertEquals(ended, Array.from({ length: 100 }, (_, place) => 10_000 - 100 * place));
});

Deno.test("a store that was restored from an image ends the same leases with the same entries", () => {
  const world = new StoreWorld();
  for (const [lease, ttl] of [[5, 300], [2, 900], [9, 300]] as const) {
    world.grant(lease, ttl);
    world.put(`k${lease}`, { lease: lease });
  }
  const restored = new KvStore();
  finish(restored.restore(drawn(world.store.snapshot())));
  for (const steady of [1300, 1500, 1900]) {
    world.steady = steady;
    world.end();
    const stamp = { index: world.store.revision, steady, wall: 0 };
    restored.apply(encodeRequest({ type: "end" }), stamp);
    assertEquals(drawn(restored.snapshot()), drawn(world.store.snapshot()));
  }
  assertEquals([world.keys(), restored.size], [[], 0]);
  assertEquals(new Leases(world.state).size, 0);
});

Deno.test("a batch that names a lost lock changes nothing, and the holder's batch is executed", () => {
  const world = new StoreWorld();
  const queue = (lease: number): number => {
    world.run({ op: "grant", lease, ttl: 500 * lease }, {
      ...{ op: "putAtRevision", prefix: "lock/a%2Fb/", value, lease },
    });
    return world.store.revision;
  };
  const [first, second] = [queue(1), queue(2)];
  const guarded = (revision: number) => {
    const reply = world.ask([{ op: "put", key: "k", value }], [{ lock: "a/b", revision }]);
    return reply?.type === "batch" && reply.result.held;
  };
  assertEquals([guarded(second), guarded(first), guarded(0)], [false, true, false]);
  world.steady = 1500;
  world.end();
  assertEquals([guarded(first), guarded(second)], [false, true]);
});
