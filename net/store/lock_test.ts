/**
 * Locks and leases of the client for programs, against a node in this process.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { withServingNode } from "../../tests/helpers/serving_node.ts";
import { connect } from "./connect.ts";
import { LockError } from "./lock.ts";

Deno.test("a lock is held until its block ends, and writes that name it change nothing afterwards", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint]);
    await using other = connect([endpoint]);
    let revision = 0;
    {
      await using lock = await store.lock("jobs/nightly", { value: "ada" });
      revision = lock.revision;
      const [place] = await Array.fromAsync(store.list("lock/"));
      assertEquals(new TextDecoder().decode(place!.value), "ada");
      assert(place!.lease !== null && place!.key.startsWith("lock/jobs%2Fnightly/"), place!.key);
      const busy = await assertRejects(
        () => other.lock("jobs/nightly", { timeoutMs: 200 }),
        LockError,
      );
      assertEquals(busy.reason, "busy");
      const done = await store.batch().checkLock(lock.name, revision).put("k", "1").commit();
      assert(done.outcome === "yes" && done.held);
    }
    const late = await store.batch().checkLock("jobs/nightly", revision).put("k", "2").commit();
    assert(late.outcome === "yes" && !late.held);
    await using next = await other.lock("jobs/nightly");
    assert(next.revision > revision);
    const old = await store.batch().checkLock("jobs/nightly", revision).put("k", "3").commit();
    assert(old.outcome === "yes" && !old.held);
  });
});

Deno.test("a lock that was taken away is noticed, and one that is waited for comes by itself", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint]);
    await using other = connect([endpoint]);
    await using lock = await store.lock("door", { ttlMs: 2000 });
    const waiting = other.lock("door");
    const [place] = await Array.fromAsync(store.list("lock/door/"));
    await store.batch().revoke(place!.lease!).commit();
    await new Promise((resolve) => lock.signal.addEventListener("abort", resolve));
    await using next = await waiting;
    assert(next.revision > lock.revision);
  });
});

Deno.test("a key with a lease or an end goes by itself, and a watch says why", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint]);
    const done = await store.batch().grant(7, 300).put("a", "1", { lease: 7 })
      .put("b", "1", { expiresAt: Date.now() + 300 }).leases().commit();
    assert(done.outcome === "yes");
    assertEquals(done.results[0], { op: "grant", created: true });
    const kinds = new Map<string, string>();
    const signal = AbortSignal.timeout(10_000);
    for await (const { changes } of store.watch("", { from: done.revision, signal })) {
      for (const { key, kind } of changes) kinds.set(key, kind);
      if (kinds.size === 2) break;
    }
    assertEquals([kinds.get("a"), kinds.get("b")], ["leaseEnd", "expired"]);
    assertEquals(await store.put("c", "1", { lease: 7 }), { outcome: "no", reason: "refused" });
  });
});
