/**
 * Every node of a cluster is stopped and started again, one after the other, as an upgrade does it, under
 * load and in virtual time: leadership is handed over first, so that no client waits for an election.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { Clerk } from "../../kv/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import { SimServiceCluster } from "../sim/mod.ts";

const CLERKS = 20;
/**
 * The slowest operation: far below the election timeout, which is 250 ms and more. A message takes up to
 * 1 ms here and a save up to 2 ms.
 */
const SLOWEST_MS = 50;

/** Clients that put one value after the other, and what that took. */
class Load {
  readonly #cluster: SimServiceCluster;
  isOn = true;
  count = 0;
  slowestMs = 0;
  readonly others = new Set<string>();

  constructor(cluster: SimServiceCluster) {
    this.#cluster = cluster;
  }

  async client(number: number): Promise<void> {
    const cluster = this.#cluster;
    const clerk = new Clerk({
      ...{ servers: cluster.ids, clock: cluster.clientClock, random: cluster.random },
      call: (id, request, deadline) => cluster.call(id, request, deadline),
      sessions: true,
    });
    const [key, value] = [`k${number}`, new Uint8Array(9)];
    const batch = { checks: [], then: [{ op: "put", key, value } as const], otherwise: [], at: 0 };
    while (this.isOn) {
      const begin = cluster.now();
      const { type } = await clerk.batch(batch, { timeoutMs: 10_000 });
      if (type !== "done") this.others.add(type);
      this.slowestMs = Math.max(this.slowestMs, cluster.now() - begin);
      this.count++;
      await cluster.sleep(5);
    }
  }
}

async function leaderOf(cluster: SimServiceCluster): Promise<NodeId> {
  for (let ms = 0; ms < 10_000; ms += 5) {
    const leader = cluster.ids.find((id) => cluster.leads(id));
    if (leader !== undefined) return leader;
    await cluster.sleep(5);
  }
  throw new Error("no leader");
}

/** Stops a node as its process does: another one leads first. */
async function restart(cluster: SimServiceCluster, id: NodeId): Promise<void> {
  cluster.transfer(id);
  for (let ms = 0; ms < 1_000; ms += 2) {
    const look = cluster.look(id);
    if (look?.role !== "leader" && look?.leader !== null) break;
    await cluster.sleep(2);
  }
  await cluster.sleep(20);
  await cluster.crash(id);
  await cluster.sleep(200);
  await cluster.start(id);
  const leader = await leaderOf(cluster);
  while (cluster.look(id)!.applied < cluster.look(leader)!.commit - 10) await cluster.sleep(10);
  await cluster.sleep(200);
}

Deno.test("a rolling restart under load delays no operation by an election (M10)", async () => {
  for (let seed = 1; seed <= 2; seed++) {
    const cluster = new SimServiceCluster({
      ...{ seed, nodes: 3, machine: "kv", profile: "production" },
    });
    for (const id of cluster.ids) await cluster.start(id);
    await leaderOf(cluster);
    const load = new Load(cluster);
    const clients = Array.from({ length: CLERKS }, (_, number) => load.client(number));
    await cluster.sleep(500);
    load.slowestMs = 0;
    // Twice the leader at least: the leader is restarted first, and later again with the others.
    for (const id of [await leaderOf(cluster), ...cluster.ids]) await restart(cluster, id);
    load.isOn = false;
    await Promise.all(clients);
    assertEquals([...load.others], [], `seed ${seed}: every operation was executed`);
    assertLess(load.slowestMs, SLOWEST_MS, `seed ${seed}`);
    assert(load.count > 1_000, `${load.count} operations`);
    await cluster.verify();
    await cluster.close();
  }
});
