/**
 * What it costs to keep leases alive: `deno run -A tests/processes/lease_bench.ts [LEASES] [SECONDS]`.
 * Three durable nodes on real sockets, and a client that renews all leases three times in ten seconds.
 * The figure is processor time, so that a busy machine changes it little.
 *
 * @module
 */

import { Clerk, LeaseKeeper, type LeaseLoss } from "../../kv/mod.ts";
import { ProcessServiceCluster } from "./process_service_cluster.ts";

const TTL_MS = 10_000;
const AT_ONCE = 100;

const [leases, seconds] = [Number(Deno.args[0] ?? 10_000), Number(Deno.args[1] ?? 30)];

const cluster = new ProcessServiceCluster({ seed: 1, nodes: 3, machine: "kv" });

/** Processor time of each node since its start, and who leads. */
async function look(): Promise<readonly { readonly cpuMs: number; readonly role: string }[]> {
  return await Promise.all(cluster.ids.map(async (id) => {
    const report = await cluster.report(id);
    return { cpuMs: report?.cpuMs ?? 0, role: report?.status.role ?? "" };
  }));
}

/** Prints which share of a core each node used meanwhile. */
async function measure(what: string): Promise<void> {
  const before = await look();
  const begin = performance.now();
  await cluster.sleep(seconds * 1000);
  const elapsed = performance.now() - begin;
  for (const [place, { cpuMs, role }] of (await look()).entries()) {
    const share = (100 * (cpuMs - before[place]!.cpuMs) / elapsed).toFixed(1);
    console.log(`${what}: n${cluster.ids[place]} (${role}) ${share} % of a core`);
  }
}

try {
  await Promise.all(cluster.ids.map((id) => cluster.start(id)));
  const { clientClock: clock } = cluster;
  const clerk = new Clerk({
    servers: cluster.ids,
    call: (id, request, deadline) => cluster.call(id, request, deadline),
    ...{ clock, random: Math.random, sessions: true },
  });
  const losses: LeaseLoss[] = [];
  const keeper = new LeaseKeeper({ clerk, clock, random: Math.random });
  await clerk.get("k", { timeoutMs: 20_000 });
  await measure("idle");
  const lost = (how: LeaseLoss): void => void losses.push(how);
  for (let count = 0; count < leases; count += AT_ONCE) {
    const limits = { timeoutMs: 20_000 };
    await Promise.all(
      Array.from({ length: AT_ONCE }, () => keeper.grant({ ttlMs: TTL_MS, lost }, limits)),
    );
  }
  await measure(`${leases} leases`);
  console.log(`${losses.length} leases were lost`);
  keeper.stop();
} finally {
  await cluster.close();
}
