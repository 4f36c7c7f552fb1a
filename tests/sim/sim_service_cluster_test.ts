/**
 * Tests of the simulated services: clients reach them, also with losses, crashes and partitions.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Clerk, decodeReply, encodeRequest } from "../../kv/mod.ts";
import { unreliable } from "../../net/faults/faults.ts";
import { decodeCounter, INCREMENT } from "../cluster/counter_machine.ts";
import { SimServiceCluster } from "./sim_service_cluster.ts";

const get = encodeRequest({ type: "get", key: "k" });

async function startAll(cluster: SimServiceCluster): Promise<void> {
  for (const id of cluster.ids) await cluster.start(id);
}

async function leaderOf(cluster: SimServiceCluster): Promise<number> {
  for (let round = 0; round < 100; round++) {
    await cluster.sleep(100);
    const leader = cluster.ids.find((id) => cluster.look(id)?.role === "leader");
    if (leader !== undefined) return leader;
  }
  throw new Error("no server leads");
}

Deno.test("SimServiceCluster executes commands on the leader and applies them everywhere", async () => {
  const cluster = new SimServiceCluster({ seed: 1, nodes: 3, machine: "counter" });
  await startAll(cluster);
  const leader = await leaderOf(cluster);
  for (let value = 1; value <= 20; value++) {
    const outcome = await cluster.execute(leader, INCREMENT);
    assert(outcome?.kind === "done");
    assertEquals(decodeCounter(outcome.reply), value);
  }
  const other = leader % 3 + 1;
  assertEquals((await cluster.execute(other, INCREMENT))?.kind, "notLeader");
  await cluster.sleep(500);
  for (const id of cluster.ids) {
    const value = await cluster.peek(id, new Uint8Array(0));
    assertEquals(value && decodeCounter(value), 20);
  }
  await cluster.verify();
  await cluster.close();
});

Deno.test("SimServiceCluster answers clients, loses their messages, and closes connections at a crash", async () => {
  const cluster = new SimServiceCluster({ seed: 2, nodes: 3, machine: "kv" });
  await startAll(cluster);
  const leader = await leaderOf(cluster);
  const reply = await cluster.call(leader, get, Infinity);
  assertEquals(reply && decodeReply(reply), { type: "noKey" });
  await cluster.setFaults(unreliable);
  const answers = await Promise.all(
    Array.from({ length: 300 }, () => cluster.call(leader, get, cluster.now() + 500)),
  );
  const answered = answers.filter((answer) => answer !== null).length;
  assert(answered > 200 && answered < 280, `${answered}`);
  const others = cluster.ids.filter((id) => id !== leader);
  for (const id of others) await cluster.crash(id);
  const hanging = cluster.call(leader, encodeRequest(put), Infinity);
  await cluster.sleep(100);
  await cluster.crash(leader);
  assertEquals(await hanging, null);
  assertEquals(await cluster.call(leader, get, Infinity), null);
  await cluster.close();
});

Deno.test("SimServiceCluster keeps acknowledged puts across crashes of all nodes, in both profiles", async () => {
  for (const profile of ["lab", "production"] as const) {
    const cluster = new SimServiceCluster({ seed: 3, nodes: 3, machine: "kv-snapshots", profile });
    await startAll(cluster);
    const clerk = new Clerk({
      servers: cluster.ids,
      call: (id, request, deadline) => cluster.call(id, request, deadline),
      clock: cluster.clientClock,
      random: cluster.random,
    });
    for (let version = 0; version < 100; version++) {
      assertEquals((await clerk.put("k", Uint8Array.of(version), { version })).type, "stored");
    }
    for (const id of cluster.ids) await cluster.crash(id);
    await startAll(cluster);
    assertEquals(await clerk.get("k"), { type: "value", value: Uint8Array.of(99), version: 100 });
    const sizes = await cluster.sizes(1);
    assert(sizes.log < 2000 && sizes.snapshot > 0 && sizes.snapshot < 100, JSON.stringify(sizes));
    await cluster.verify();
    await cluster.close();
  }
});

const put = { type: "put", key: "k", value: new Uint8Array(1), version: 0 } as const;
