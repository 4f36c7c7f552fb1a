/**
 * Tests of the store: the table of section 14.2 of the lab, images, and invalid commands.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { drawn, finish } from "../../tests/cluster/drawn.ts";
import { decodeReply, encodeRequest, type Reply, toKey } from "../command/mod.ts";
import { KvStore } from "./store.ts";

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function put(store: KvStore, key: string, value: string, version: number): Reply["type"] | null {
  const command = encodeRequest({ type: "put", key: toKey(key), value: text(value), version });
  return decodeReply(store.apply(command))?.type ?? null;
}

function get(store: KvStore, key: string): Reply | null {
  const request = encodeRequest({ type: "get", key: toKey(key) });
  const reply = decodeReply(store.query(request));
  assertEquals(decodeReply(store.apply(request)), reply);
  return reply;
}

Deno.test("KvStore executes a put only when its version is the current one", () => {
  const store = new KvStore();
  assertEquals(put(store, "k", "a", 1), "noKey");
  assertEquals(get(store, "k"), { type: "noKey" });
  assertEquals(put(store, "k", "a", 0), "stored");
  assertEquals(get(store, "k"), { type: "value", value: text("a"), version: 1 });
  assertEquals(put(store, "k", "b", 0), "wrongVersion");
  assertEquals(put(store, "k", "b", 2), "wrongVersion");
  assertEquals(put(store, "k", "b", 1), "stored");
  assertEquals(put(store, "k", "b", 1), "wrongVersion");
  const late = encodeRequest({ type: "put", key: "k", value: text("c"), version: 1 });
  assertEquals(decodeReply(store.apply(late)), { type: "wrongVersion", version: 2 });
  assertEquals(get(store, "k"), { type: "value", value: text("b"), version: 2 });
});

Deno.test("KvStore refuses questions that it does not understand, and changes nothing", () => {
  const store = new KvStore();
  put(store, "k", "a", 0);
  for (const garbage of [[], [0], [9, 9], [2, 0], [1, 0, 0], [3, 0]]) {
    assertEquals(decodeReply(store.query(Uint8Array.from(garbage)))?.type, "refused");
  }
  const query = encodeRequest({ type: "put", key: "k", value: text("b"), version: 1 });
  assertEquals(decodeReply(store.query(query))?.type, "refused");
  assertEquals(get(store, "k"), { type: "value", value: text("a"), version: 1 });
  assertEquals(store.size, 1);
});

Deno.test("KvStore is the same after a restore as after a replay", () => {
  const whole = new KvStore();
  const restored = new KvStore();
  for (let step = 0; step < 500; step++) {
    const [key, version] = [`k${step % 50} ü`, Math.floor(step / 50)];
    assertEquals(put(whole, key, "v".repeat(step), version), "stored");
    if (step === 275) finish(restored.restore(drawn(whole.snapshot())));
    if (step > 275) put(restored, key, "v".repeat(step), version);
  }
  assertEquals(drawn(restored.snapshot()), drawn(whole.snapshot()));
  assertEquals(get(restored, "k7 ü"), get(whole, "k7 ü"));
  assertEquals(restored.size, 50);
});

Deno.test("KvStore refuses a new key at the limit of keys, however much room is left", () => {
  const store = new KvStore({ keysMax: 1, bytesMax: 1000 });
  assertEquals(put(store, "a", "1", 0), "stored");
  assertEquals(put(store, "b", "2", 0), "full");
  assertEquals(put(store, "a", "3", 1), "stored");
  assertEquals(store.size, 1);
});

Deno.test("KvStore refuses a put for which it has no room, and every server refuses the same", () => {
  const bytesMax = 3 * (14 + 1 + 10);
  const stores = [new KvStore({ keysMax: 3, bytesMax }), new KvStore({ keysMax: 3, bytesMax })];
  const puts: readonly (readonly [string, string, number, Reply["type"]])[] = [
    ["a", "0123456789", 0, "stored"],
    ["b", "01234567890", 0, "stored"],
    ["c", "0123456789", 0, "full"], // one byte too many
    ["c", "012345678", 0, "stored"],
    ["d", "", 0, "full"], // one key too many
    ["d", "", 1, "noKey"],
    ["a", "01234567890", 1, "full"],
    ["a", "01234567890", 0, "wrongVersion"],
    ["a", "9", 1, "stored"], // shorter
    ["b", "0123456789 123456789", 1, "stored"],
    ["d", "", 0, "full"],
  ];
  for (const [place, [key, value, version, result]] of puts.entries()) {
    assertEquals(put(stores[0]!, key, value, version), result, `put ${place} of ${key}`);
    if (place === 5) finish(stores[1]!.restore(drawn(stores[0]!.snapshot())));
    if (place > 5) assertEquals(put(stores[1]!, key, value, version), result);
  }
  assertEquals(stores.map(({ size }) => size), [3, 3]);
  assertEquals(drawn(stores[1]!.snapshot()), drawn(stores[0]!.snapshot()));
});

Deno.test("KvStore restores in steps, and replaces its state with the last one", () => {
  const whole = new KvStore();
  for (let key = 0; key < 1000; key++) put(whole, `k${key}`, "v", 0);
  const store = new KvStore();
  put(store, "before", "v", 0);
  const steps = store.restore(drawn(whole.snapshot()));
  let count = 0;
  while (!steps.next().done) {
    count++;
    assertEquals(store.size, 1);
  }
  assertEquals(store.size, 1000);
  assert(count > 0);
});

Deno.test("KvStore draws and restores large values in steps of less than two of them", () => {
  const store = new KvStore();
  const value = new Uint8Array(2 ** 20);
  for (let key = 0; key < 40; key++) {
    store.apply(encodeRequest({ type: "put", key: `k${key}`, value, version: 0 }));
  }
  let steps = 0;
  for (const _ of { [Symbol.iterator]: () => store.snapshot() }) steps++;
  assert(steps >= 78, `${steps} steps to draw and to copy`);
  const restored = new KvStore();
  steps = 0;
  const image = drawn(store.snapshot());
  for (const _ of { [Symbol.iterator]: () => restored.restore(image) }) steps++;
  assert(steps >= 39, `${steps} steps to restore`);
});

Deno.test("KvStore replaces its whole state when it restores", () => {
  const store = new KvStore();
  put(store, "gone", "a", 0);
  finish(store.restore(drawn(new KvStore().snapshot())));
  assertEquals(store.size, 0);
  assertEquals(get(store, "gone"), { type: "noKey" });
});

Deno.test("KvStore draws a small image of one short key, whatever its history", () => {
  const store = new KvStore();
  for (let version = 0; version < 10_000; version++) put(store, "x", `${version % 2}`, version);
  const { length } = drawn(store.snapshot());
  assert(length <= 60, `${length} bytes`);
});

Deno.test("KvStore refuses an image that is truncated, too long or of another format", () => {
  const store = new KvStore();
  put(store, "key", "value", 0);
  put(store, "another", "", 0);
  const image = drawn(store.snapshot());
  for (let length = 0; length < image.length; length++) {
    assert(!store.accepts(image.subarray(0, length)));
    assertThrows(
      () => finish(store.restore(image.subarray(0, length))),
      RangeError,
      "Cannot restore",
    );
  }
  assertThrows(
    () => finish(store.restore(Uint8Array.of(...image, 0))),
    RangeError,
    "Cannot restore",
  );
  assert(store.accepts(image) && !store.accepts(Uint8Array.of(...image, 0)));
  for (let at = 0; at < image.length; at++) assert(!store.accepts(image.with(at, image[at]! ^ 1)));
  assertThrows(() => finish(store.restore(image.with(0, 9))), RangeError, "format");
  assertEquals(get(store, "key"), { type: "value", value: text("value"), version: 1 });
});

Deno.test("KvStore draws the state at the first step when puts happen between steps", () => {
  const store = new KvStore();
  for (let i = 0; i < 2000; i++) put(store, `k${i}`, `first ${i}`, 0);
  const expected = drawn(store.snapshot());
  const image = store.snapshot();
  let step = image.next();
  for (let i = 0; !step.done; i++) {
    put(store, `k${i}`, "second, and longer", 1); // drawn already
    put(store, `k${1999 - i}`, "second", 1); // not yet drawn
    put(store, `new ${i}`, "not there at the first step", 0);
    step = image.next();
  }
  assertEquals(step.value, expected);
  const restored = new KvStore();
  finish(restored.restore(drawn(store.snapshot())));
  assertEquals(get(restored, "k1999"), get(store, "k1999"));
  assertEquals(restored.size, store.size);
});

Deno.test("KvStore works after a restore during an image", () => {
  const store = new KvStore();
  for (let i = 0; i < 1000; i++) put(store, `k${i}`, "old", 0);
  const image = store.snapshot();
  image.next();
  finish(store.restore(drawn(new KvStore().snapshot())));
  put(store, "k", "new", 0);
  const old = new KvStore();
  finish(old.restore(drawn(image)));
  assertEquals([old.size, store.size], [1000, 1]);
});
