/**
 * The pace of a cluster with the defaults of a node, in virtual time: how long it is without a leader
 * after one dies, that leaders last on lines that lose 30 % of all messages and through the pauses of
 * a large heap, and that a cut together with loss heals soon.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { isolate, noFaults } from "../../net/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import { SimCluster } from "../sim/sim_cluster.ts";
import type { SimMachine } from "../sim/sim_options.ts";

function machine(): SimMachine {
  const deaf = { restore: () => {}, apply: () => {}, read: () => {}, changed: () => {} };
  return { ...deaf, applied: () => [] };
}

async function begin(seed: number): Promise<SimCluster> {
  const cluster = new SimCluster({ seed, nodes: 3, machine, saveMs: { minMs: 1, maxMs: 10 } });
  for (const id of cluster.ids) await cluster.start(id);
  await leaderOf(cluster);
  return cluster;
}

async function leaderOf(cluster: SimCluster): Promise<NodeId> {
  for (;;) {
    const leader = cluster.ids.find((id) => cluster.leads(id));
    if (leader !== undefined) return leader;
    await cluster.sleep(5);
  }
}

/** Time until a new command is committed. */
async function commitMs(cluster: SimCluster): Promise<number> {
  const beginMs = cluster.now();
  let wanted = null;
  while (cluster.now() - beginMs < 60_000) {
    const leader = await leaderOf(cluster);
    if (cluster.look(leader)?.term !== wanted?.term) {
      wanted = cluster.submit(leader, new Uint8Array(10));
    }
    await cluster.sleep(2);
    if (wanted !== null && cluster.watcher.entryAt(wanted.index)?.term === wanted.term) break;
  }
  return cluster.now() - beginMs;
}

function terms(cluster: SimCluster): number {
  return Math.max(...cluster.ids.map((id) => cluster.look(id)?.term ?? 0));
}

/** From now on the lines lose this share of the messages. */
function lose(cluster: SimCluster, drop: number): void {
  const disturbance = { ...noFaults.request, drop };
  cluster.disturb({ request: disturbance, reply: disturbance });
}

Deno.test("a cluster commits again within 1.5 s after its leader has died", async () => {
  const cluster = await begin(1);
  const all: number[] = [];
  for (let number = 0; number < 100; number++) {
    await cluster.sleep(1_000 + 100 * cluster.random());
    const leader = await leaderOf(cluster);
    await cluster.crash(leader);
    all.push(await commitMs(cluster));
    await cluster.start(leader);
  }
  await cluster.close();
  all.sort((a, b) => a - b);
  assert(all[98]! < 1_500, `99 of 100 took at most ${all[98]} ms, the longest ${all[99]} ms`);
});

Deno.test("a leader lasts ten minutes at 30 % loss, and writes go on", async () => {
  const cluster = await begin(2);
  lose(cluster, 0.3);
  const before = terms(cluster);
  let slowest = 0;
  for (let second = 0; second < 600; second++) {
    slowest = Math.max(slowest, await commitMs(cluster));
    await cluster.sleep(1_000);
  }
  assertEquals(terms(cluster), before);
  await cluster.close();
  assert(slowest < 1_000, `the slowest write took ${slowest} ms`);
});

Deno.test("a leader lasts through pauses of 400 ms", async () => {
  const cluster = await begin(3);
  const before = terms(cluster);
  for (let number = 0; number < 60; number++) {
    const id = cluster.ids[number % 3]!;
    cluster.pause(id);
    await cluster.sleep(400);
    cluster.resume(id);
    await cluster.sleep(1_000 * cluster.random());
  }
  assertEquals(terms(cluster), before);
  await cluster.close();
});

Deno.test("a cut together with 30 % loss heals within 2 s", async () => {
  const all: number[] = [];
  for (let seed = 1; seed <= 40; seed++) {
    const cluster = await begin(seed);
    lose(cluster, 0.3);
    cluster.disturb({ blocked: isolate(cluster.ids, await leaderOf(cluster)) });
    await cluster.sleep(3_000 * cluster.random());
    cluster.disturb({ blocked: [] });
    all.push(await commitMs(cluster));
    await cluster.close();
  }
  all.sort((a, b) => a - b);
  assert(all.at(-1)! < 2_000, `it took ${all.map(Math.round).join(", ")} ms`);
});
