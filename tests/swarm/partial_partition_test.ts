/**
 * Tests of partial partitions, in which reachability is not transitive: within a bounded time there
 * must be a stable leader, for as long as the partition lasts (E8).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { bridge, type Link, majoritiesRing, oneWay } from "../../net/faults/faults.ts";
import { formatStatus } from "../sim/watcher/trace.ts";
import { SimCluster } from "../sim/sim_cluster.ts";

const IDS = [1, 2, 3, 4, 5];
const SETTLING_MS = 5_000;
const WATCHED_MS = 10_000;
const SEEDS = 8;

/** The blocked links, given the leader when the partition begins. */
const shapes: Readonly<Record<string, (leader: number) => readonly Link[]>> = {
  "two halves share a node": () => bridge(IDS),
  "two halves share the leader": (leader) => bridge(around(leader)),
  "every node sees another majority": () => majoritiesRing(IDS),
  "the leader is not heard by anybody": (leader) => oneWay([leader], IDS),
  "the leader hears nobody": (leader) => oneWay(IDS, [leader]),
  "the leader is not heard by one": (leader) => oneWay([leader], [leader % 5 + 1]),
  "one follower hears nobody": (leader) => oneWay(IDS, [leader % 5 + 1]),
  "the leader and one follower cannot talk": (leader) => [
    ...oneWay([leader], [leader % 5 + 1]),
    ...oneWay([leader % 5 + 1], [leader]),
  ],
};

/** All nodes, with one of them in the middle. */
function around(middle: number): number[] {
  const others = IDS.filter((id) => id !== middle);
  return [...others.slice(0, 2), middle, ...others.slice(2)];
}

/** The leader with the highest term, and that term. */
function leaderOf(cluster: SimCluster): { readonly id: number; readonly term: number } | null {
  const leaders = IDS.filter((id) => cluster.leads(id)).map((id) => cluster.look(id)!);
  leaders.sort((left, right) => right.term - left.term);
  return leaders[0] ?? null;
}

for (const [name, shape] of Object.entries(shapes)) {
  Deno.test(`a leader stays and commits when ${name}`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const raft = { profile: "production" } as const;
      const cluster = new SimCluster({ seed, nodes: 5, machine: "log", raft });
      for (const id of cluster.ids) await cluster.start(id);
      await cluster.sleep(2_000);
      const first = leaderOf(cluster);
      assert(first !== null, `seed ${seed}: no leader at the beginning`);
      cluster.disturb({ blocked: shape(first.id) });
      await cluster.sleep(SETTLING_MS);
      const settled = leaderOf(cluster);
      assert(settled !== null, `seed ${seed}: no leader after ${SETTLING_MS} ms`);
      const before = cluster.watcher.committed;
      for (let turn = 0; turn < WATCHED_MS / 100; turn++) {
        cluster.submit(settled.id, Uint8Array.of(turn));
        await cluster.sleep(100);
        const now = leaderOf(cluster);
        const looks = () => IDS.map((id) => formatStatus(cluster.look(id)!)).join("\n");
        assertEquals([now?.id, now?.term], [settled.id, settled.term], `seed ${seed}:\n${looks()}`);
      }
      const committed = cluster.watcher.committed - before;
      assert(committed >= 90, `seed ${seed}: only ${committed} commands were committed`);
      await cluster.verify();
      await cluster.close();
    }
  });
}
