/**
 * Disks that take their time cost neither leadership nor reads, and a write little more than a save.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Application, Entry, NodeId } from "../../raft/mod.ts";
import { SimCluster } from "../sim/sim_cluster.ts";
import type { SimMachine } from "../sim/sim_options.ts";

const RUNS = 20;
/** As `kontiki node` runs them. */
const PRODUCTION = {
  nodes: 3,
  hopMs: { minMs: 0.1, maxMs: 0.3 },
} as const;

/** Applies nothing, and reports every call. */
function machine(told: Partial<Application>): SimMachine {
  const deaf = { restore: () => {}, apply: () => {}, read: () => {}, changed: () => {} };
  return { ...deaf, ...told, applied: () => [] };
}

async function leaderOf(cluster: SimCluster): Promise<NodeId> {
  for (const id of cluster.ids) await cluster.start(id);
  for (;;) {
    const leader = cluster.ids.find((id) => cluster.leads(id));
    if (leader !== undefined) return leader;
    await cluster.sleep(10);
  }
}

/** By how much the highest term grew during writes in which some disks stand still. */
async function newTerms(
  seed: number,
  { ms, who }: { readonly ms: number; readonly who: "leader" | "follower" | "followers" },
): Promise<number> {
  const options = { ...PRODUCTION, seed, saveMs: { minMs: 1, maxMs: 2 } };
  const cluster = new SimCluster({ ...options, machine: () => machine({}) });
  const leader = await leaderOf(cluster);
  await cluster.sleep(500);
  const terms = () => Math.max(...cluster.ids.map((id) => cluster.look(id)!.term));
  const before = terms();
  const followers = cluster.ids.filter((id) => id !== leader);
  const slow = { leader: [leader], follower: followers.slice(1), followers }[who];
  for (const id of slow) cluster.stall(id, ms);
  for (let written = 0; written < 2 * ms; written += 10) {
    cluster.submit(leader, new Uint8Array(8));
    await cluster.sleep(10);
  }
  const count = terms() - before;
  await cluster.close();
  return count;
}

for (
  const [who, ms] of [["leader", 250], ["followers", 250], ["follower", 1000], [
    "leader",
    1000,
  ]] as const
) {
  Deno.test(`a save of ${ms} ms on the ${who} costs no leadership`, async () => {
    let elections = 0;
    for (let seed = 1; seed <= RUNS; seed++) elections += await newTerms(seed, { ms, who });
    assertEquals(elections, 0);
  });
}

Deno.test("under load with saves of 10 ms a put takes 1.6 saves at most, a read under 2 ms", async () => {
  const saveMs = 10;
  const puts = new Map<number, number>();
  const reads = new Map<number, number>();
  const putMs: number[] = [];
  const readMs: number[] = [];
  let leader: NodeId = 0;
  const cluster: SimCluster = new SimCluster({
    ...PRODUCTION,
    seed: 1,
    saveMs: { minMs: saveMs, maxMs: saveMs },
    machine: ({ id }) =>
      machine({
        apply: (entries: readonly Entry[]) => {
          const now = cluster.now();
          if (id !== leader) return;
          for (const { index } of entries) putMs.push(now - (puts.get(index) ?? now));
        },
        read: (context) => readMs.push(cluster.now() - reads.get(context)!),
      }),
  });
  leader = await leaderOf(cluster);
  await cluster.sleep(200);
  putMs.length = 0;
  for (let number = 0; number < 1000; number++) {
    puts.set(cluster.submit(leader, new Uint8Array(8))!.index, cluster.now());
    if (number % 7 === 0) {
      reads.set(number, cluster.now());
      cluster.beginRead(leader, number);
    }
    await cluster.sleep(0.73);
  }
  await cluster.sleep(100);
  await cluster.close();
  const [put, read] = [median(putMs), median(readMs)];
  assert(put <= 1.6 * saveMs, `a put takes ${put} ms`);
  assert(read < 2, `a read takes ${read} ms`);
});

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}
