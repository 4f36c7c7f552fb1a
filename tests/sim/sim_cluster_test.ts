/**
 * Tests of the simulated cluster itself: it elects, commits, crashes, restarts and repeats.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { isolate } from "../../net/faults/faults.ts";
import type { NodeId } from "../../raft/core/model/types.ts";
import type { Machine } from "../cluster/cluster.ts";
import { SimCluster } from "./sim_cluster.ts";
import { entryOf } from "../helpers/log_entries.ts";

const command = (number: number) => Uint8Array.of(number >> 8, number);

async function begin(machine: Machine, seed: number): Promise<SimCluster> {
  const cluster = new SimCluster({ seed, nodes: 3, machine });
  for (const id of cluster.ids) await cluster.start(id);
  return cluster;
}

async function leaderOf(cluster: SimCluster): Promise<NodeId> {
  for (let round = 0; round < 50; round++) {
    await cluster.sleep(100);
    const leaders = cluster.ids.filter((id) => cluster.look(id)?.role === "leader");
    if (leaders.length === 1) return leaders[0]!;
  }
  throw new Error("no leader");
}

async function putAll(cluster: SimCluster, leader: NodeId, count: number): Promise<void> {
  for (let number = 1; number <= count; number++) {
    assert(await cluster.propose(leader, command(number)) !== null);
    await cluster.sleep(5);
  }
  await cluster.sleep(200);
}

Deno.test("SimCluster elects, commits and applies on every node", async () => {
  const cluster = await begin("log", 1);
  const leader = await leaderOf(cluster);
  await putAll(cluster, leader, 20);
  for (const id of cluster.ids) {
    const applied = await cluster.applied(id, 1);
    assertEquals(applied.map(({ index }) => index), Array.from({ length: 20 }, (_, i) => i + 1));
    assertEquals(applied[6]!.command, command(7));
  }
  const { requests, bytes, incoming } = await cluster.traffic();
  assert(requests > 40 && bytes > requests * 16 && incoming.size === 3);
  await cluster.verify();
  await cluster.close();
});

Deno.test("SimCluster keeps saved state across a crash, with snapshots as their image", async () => {
  const cluster = await begin("log-snapshots", 2);
  const leader = await leaderOf(cluster);
  await putAll(cluster, leader, 25);
  const follower = cluster.ids.find((id) => id !== leader)!;
  await cluster.crash(follower);
  assertEquals(await cluster.state(follower), null);
  assertEquals((await cluster.applied(follower, 1)).length, 25);
  await putAll(cluster, leader, 30);
  await cluster.start(follower);
  assert((await cluster.applied(follower, 1)).length <= 25);
  await cluster.sleep(500);
  assertEquals((await cluster.applied(follower, 1)).length, 55);
  const { log, snapshot } = await cluster.sizes(follower);
  assert(log < 400 && snapshot > 200, `${log} ${snapshot}`);
  await cluster.verify();
  await cluster.close();
});

Deno.test("SimCluster holds what reaches a paused node until it resumes", async () => {
  const cluster = await begin("log", 3);
  const leader = await leaderOf(cluster);
  cluster.pause(leader);
  await cluster.sleep(3000);
  assertEquals(cluster.look(leader)!.role, "leader");
  const other = cluster.ids.find((id) => id !== leader && cluster.look(id)!.role === "leader");
  assert(other !== undefined);
  cluster.resume(leader);
  await cluster.sleep(200);
  assertEquals(cluster.look(leader)!.role, "follower");
  await cluster.close();
});

Deno.test("SimCluster gives the same trace for the same seed, another for another", async () => {
  async function run(seed: number): Promise<string> {
    const cluster = await begin("log-snapshots", seed);
    const leader = await leaderOf(cluster);
    await putAll(cluster, leader, 15);
    cluster.disturb({ blocked: isolate(cluster.ids, leader) });
    await cluster.sleep(2000);
    await cluster.close();
    return `${cluster.trace.hash} ${cluster.trace.count}`;
  }
  assertEquals(await run(5), await run(5));
  assertNotEquals(await run(5), await run(6));
});

Deno.test("SimCluster stops time when the watcher sees a violation", async () => {
  const cluster = await begin("log", 4);
  await leaderOf(cluster);
  cluster.watcher.applied(1, [entryOf(9, 1)]);
  await assertRejects(() => cluster.sleep(1), Error, "entry 9 is applied after 0");
  await assertRejects(() => cluster.verify(), Error, "entry 9 is applied after 0");
  assert(cluster.trace.lastLines().at(-1)!.includes("FAILS"));
});

Deno.test("SimCluster's files are as fast as its memory, also in a start that an event begins", async () => {
  const limits = { segmentBytesMax: 2_000, recordBytesMax: 1_000, faultRate: 0, powerCuts: 0 };
  const saveMs = { minMs: 1, maxMs: 2 };
  const cluster = new SimCluster({ seed: 7, nodes: 3, machine: "log", files: limits, saveMs });
  for (const id of cluster.ids) await cluster.start(id);
  const leader = await leaderOf(cluster);
  await putAll(cluster, leader, 100);
  assertEquals(cluster.watcher.committed, 100);
  const follower = cluster.ids.find((id) => id !== leader)!;
  cluster.clock.after(1, () => {
    cluster.kill(follower);
    cluster.launchSoon(follower);
  });
  await cluster.sleep(100);
  assert(cluster.look(follower) !== null, "it has read its files");
  await cluster.verify();
  await cluster.close();
});
