/**
 * Batches, deletions, lists and counts of the client for programs, against a node in this process.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { withServingNode } from "../../tests/helpers/serving_node.ts";
import { connect } from "./connect.ts";
import { type StoreEntry, StoreReadError } from "./outcomes.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

async function collected(entries: AsyncIterable<StoreEntry>): Promise<readonly string[]> {
  return (await Array.fromAsync(entries)).map(({ key, value }) => `${key}=${text(value)}`);
}

Deno.test("a batch is committed at one revision, or its otherwise is", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint]);
    const made = await store.batch().check("a", { absent: true }).put("a", "1").put("ü", "2")
      .get("ü").otherwise().delete("a").commit();
    assert(made.outcome === "yes" && made.held);
    const entry = made.results[2];
    assert(entry?.op === "get" && entry.entry !== null);
    assertEquals([entry.entry.key, text(entry.entry.value)], ["ü", "2"]);
    assertEquals([entry.entry.created, entry.entry.revision], [made.revision, made.revision]);
    const other = await store.batch().check("a", { absent: true }).put("b", "wrong")
      .otherwise().put("b", "3").commit();
    assert(other.outcome === "yes" && !other.held && other.revision > made.revision);
    assertEquals(other.failedChecks, [0]);
    assertEquals(await collected(store.list()), ["a=1", "b=3", "ü=2"]);
  });
});

Deno.test("a batch that cannot be executed says why, here or there", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint]);
    await store.put("k", "text");
    const wrong = await store.batch().put("other", "v").add("k", 1n).commit();
    assert(wrong.outcome === "no" && wrong.reason === "invalid");
    assert(wrong.message.includes("number of 8 bytes, got 4"), wrong.message);
    assertEquals(await store.get("other"), { outcome: "absent" });
    assertThrows(() => store.batch().put("", "v"), RangeError, "at least 1 byte");
    const long = store.batch().put("k", new Uint8Array(2 ** 20 + 1));
    await assertRejects(() => long.commit(), RangeError, "1048576 bytes");
  });
});

Deno.test("a batch of eight megabytes is stored, and read again page by page", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint]);
    const batch = store.batch();
    for (let at = 0; at < 7; at++) batch.put(`big/${at}`, new Uint8Array(2 ** 20).fill(at));
    const made = await batch.commit();
    assertEquals(made.outcome, "yes");
    const found = await Array.fromAsync(store.list("big/"));
    assertEquals(found.map(({ value }) => value[2 ** 20 - 1]), [0, 1, 2, 3, 4, 5, 6]);
  });
});

Deno.test("a deleted key is absent, keeps its version, and comes back with a higher one", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint]);
    await store.put("k", "1");
    assertEquals(await store.delete("k", { version: 7 }), {
      outcome: "no",
      reason: "versionConflict",
    });
    assertEquals(await store.delete("k", { version: 1 }), { outcome: "yes", existed: true });
    assertEquals(await store.delete("k"), { outcome: "yes", existed: false });
    assertEquals(await store.get("k"), { outcome: "absent" });
    assertEquals(await store.put("k", "2", { version: 0 }), {
      outcome: "no",
      reason: "versionConflict",
      version: 2,
    });
    assertEquals(await store.put("k", "2"), { outcome: "yes", version: 3 });
  });
});

Deno.test("a list shows one revision, whatever is written between its pages", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint]);
    let at = 0;
    for (let part = 0; part < 3; part++) {
      const batch = store.batch();
      for (let at = 0; at < 900; at++) batch.put(`k${part * 900 + at}`.padEnd(6, "-"), "old");
      const done = await batch.commit();
      assert(done.outcome === "yes");
      at = done.revision;
    }
    const seen: StoreEntry[] = [];
    for await (const entry of store.list("k")) {
      if (seen.length === 0) {
        const last = "k999--";
        await store.batch().put(last, "new").delete("k9----").put("k99999", "new").commit();
      }
      seen.push(entry);
    }
    assertEquals([seen.length, await store.count("k")], [2700, 2700]);
    assertEquals(new Set(seen.map(({ value }) => text(value))), new Set(["old"]));
    assertEquals(await store.count("k", { at }), 2700);
    const back = await Array.fromAsync(store.list("k", { reverse: true, keysOnly: true, at }));
    assertEquals(back.map(({ key }) => key), seen.map(({ key }) => key).toReversed());
    const some = store.list({ start: "k1000-", end: "k1002-" }, { limit: 5 });
    assertEquals(await collected(some), ["k1000-=old", "k1001-=old"]);
  });
});

Deno.test("a list fails with a reason when its revision is gone, and when no node answers", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint]);
    await store.put("k", "1");
    const error = await assertRejects(
      () => Array.fromAsync(store.list("", { at: 1e9 })),
      StoreReadError,
    );
    assertEquals(error.reason, "future");
  });
  await using nobody = connect(["127.0.0.1:1"], { timeoutMs: 100 });
  const error = await assertRejects(() => nobody.count(), StoreReadError);
  assertEquals(error.reason, "timeout");
});
