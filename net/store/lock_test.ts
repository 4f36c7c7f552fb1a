/**
 * Locks, leases and elections of the client for programs, against a node in this process.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { withServingNode } from "../../tests/helpers/serving_node.ts";
import { until } from "../../tests/helpers/until.ts";
import { connect } from "./connect.ts";
import { LeaseError } from "./lease.ts";
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
    const expiresAt = Date.now() + 300;
    const done = await store.batch().grant(7, 300).put("a", "1", { lease: 7 })
      .put("b", "1", { expiresAt }).leases().commit();
    assert(done.outcome === "yes");
    assertEquals(done.results[0], { op: "grant", created: true });
    const ends = new Map<string, unknown>();
    const signal = AbortSignal.timeout(10_000);
    for await (const { changes } of store.watch("", { from: done.revision, signal })) {
      for (const { key, kind, lease, expiresAt } of changes) {
        ends.set(key, [kind, lease, expiresAt]);
      }
      if (ends.size === 2) break;
    }
    const wanted = [["leaseEnd", 7, null], ["expired", null, expiresAt]];
    assertEquals([ends.get("a"), ends.get("b")], wanted);
    assertEquals(await store.put("c", "1", { lease: 7 }), { outcome: "no", reason: "refused" });
  });
});

Deno.test("a lease keeps its keys alive beyond its time to live, and takes them along", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint]);
    {
      await using lease = await store.lease({ ttlMs: 1000 });
      assertEquals((await store.put("a", "1", { lease: lease.id })).outcome, "yes");
      await new Promise((resolve) => setTimeout(resolve, 1600));
      const [entry] = await Array.fromAsync(store.list("a"));
      assertEquals(entry?.lease, lease.id);
      const found = await Array.fromAsync(store.leases());
      assertEquals(found.map(({ lease, ttl }) => [lease, ttl]), [[lease.id, 1000]]);
      assert(!lease.signal.aborted);
    }
    assertEquals(await store.get("a"), { outcome: "absent" });
    assertEquals(await Array.fromAsync(store.leases()), []);
  });
});

Deno.test("a lease that was revoked, or whose client closed, is lost with a reason", async () => {
  await withServingNode(async (endpoint) => {
    const store = connect([endpoint]);
    const revoked = await store.lease({ ttlMs: 1000 });
    const closed = await store.lease({ ttlMs: 60_000 });
    const abandoned = await store.lease({ ttlMs: 600 });
    abandoned.abandon();
    const lost = new Promise((resolve) => revoked.signal.addEventListener("abort", resolve));
    await store.batch().revoke(revoked.id).commit();
    await lost;
    assert(revoked.signal.reason instanceof LeaseError);
    assertEquals(revoked.signal.reason.reason, "ended");
    assert(!closed.signal.aborted && !abandoned.signal.aborted);
    const remaining = async () => (await Array.fromAsync(store.leases())).map(({ lease }) => lease);
    while ((await remaining()).includes(abandoned.id)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assertEquals(await remaining(), [closed.id]);
    await store.close();
    assertEquals((closed.signal.reason as LeaseError).reason, "doubtful");
    const refused = await assertRejects(() => store.lease(), LeaseError);
    assertEquals(refused.reason, "closed");
  });
});

Deno.test("one candidate leads at a time, and every client sees which one and what it announces", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint]);
    await using other = connect([endpoint]);
    assertEquals(await store.leader("scheduler"), null);
    const seen: (string | null)[] = [];
    const signal = AbortSignal.timeout(10_000);
    const watching = (async () => {
      for await (const leader of other.leaders("scheduler", { signal })) {
        seen.push(leader === null ? null : new TextDecoder().decode(leader.value));
        if (seen.at(-1) === "bob") break;
      }
    })();
    const first = await store.elect("scheduler", { value: "ada" });
    const second = other.elect("scheduler", { value: "bob" });
    await until(() => seen.at(-1) === "ada");
    assertEquals(await first.announce("ada, busy"), true);
    await until(() => seen.at(-1) === "ada, busy");
    await first.release();
    await using next = await second;
    assertEquals((await store.leader("scheduler"))?.revision, next.revision);
    assertEquals(await first.announce("ada again"), false);
    await watching;
    assertEquals(seen.filter((each) => each !== null), ["ada", "ada, busy", "bob"]);
  });
});
