/**
 * Tests of the feature level as a part of the state, and of servers that must not go on.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { encodeRequest } from "../command/mod.ts";
import { drawn, finish } from "../../tests/cluster/drawn.ts";
import { NeedsUpgrade } from "./level.ts";
import { KvStore } from "./store.ts";

const storeOf = (last: number): KvStore =>
  new KvStore(undefined, undefined, undefined, { first: 2, last });

const raise = (level: number): Uint8Array => encodeRequest({ type: "level", level });

const grant = encodeRequest({
  type: "batch",
  batch: { checks: [], then: [{ op: "grant", lease: 1, ttl: 1000 }], otherwise: [], at: 0 },
});

Deno.test("a server stops at an entry that it does not know, whatever is wrong with it (O9)", () => {
  for (const entry of [[], [0], [9, 9], [2, 0], [3, 0], [99, 1, 2, 3], [...grant]]) {
    const store = storeOf(2);
    store.apply(encodeRequest({ type: "put", key: "k", value: new Uint8Array(1), version: 0 }));
    const error = assertThrows(() => store.apply(Uint8Array.from(entry)), NeedsUpgrade);
    assert(error.message.startsWith("Cannot go on: entry 2 of the log"), error.message);
    assert(error.message.includes("it knows feature level 2"), error.message);
  }
});

Deno.test("the level of a state never goes back, and comes with its image (O9)", () => {
  const store = storeOf(3);
  assertEquals(store.level.value, 2);
  store.apply(raise(3));
  store.apply(raise(2));
  assertEquals(store.level.value, 3);
  const image = drawn(store.snapshot());
  const same = storeOf(3);
  finish(same.restore(image));
  assertEquals(same.level.value, 3);
  const older = storeOf(2);
  assertThrows(() => finish(older.restore(image)), NeedsUpgrade, "the state is of feature level 3");
});

Deno.test("an entry that raises the level beyond what a server knows stops it (O9)", () => {
  assertThrows(() => storeOf(2).apply(raise(3)), NeedsUpgrade);
});
