/**
 * The time a cluster of real processes takes to serve writes again after `kill -9` of its leader,
 * under load and with default settings: `deno run -A tests/processes/failover_bench.ts [KILLS]`.
 *
 * Measured from the kill to the first acknowledged write that began after it. Two of the writers
 * retry with short pauses, so that the cluster is measured and not the pauses of its clients. At
 * the end every write acknowledged during the run is read again.
 *
 * @module
 */

import { Clerk } from "../../kv/mod.ts";
import type { NodeId } from "../../raft/core/model/types.ts";
import { ProcessServiceCluster } from "./process_service_cluster.ts";

const NODES = 3;
const WRITERS = 16;
const VALUE = new Uint8Array(256);
/** Number of writers with shorter pauses between attempts than the default. */
const PROBES = 2;
const PROBE_PAUSE_MS = { min: 5, max: 20 };
/** Pause between two kills, with all nodes running and under load. */
const CALM_MS = 700;

const kills = Number(Deno.args[0] ?? 50);
const cluster = new ProcessServiceCluster({ seed: Date.now(), nodes: NODES, machine: "kv" });
const acknowledged = new Set<string>();
let isDone = false;
/** Keep the nodes' folders unless the run succeeds. */
let keep = true;
/** Called for the first acknowledged write that began after `since`. */
let waiting: { readonly since: number; readonly done: (at: number) => void } | null = null;

function makeClerk({ isProbe }: { readonly isProbe: boolean }): Clerk {
  return new Clerk({
    servers: cluster.ids,
    call: (id, request, deadline) => cluster.call(id, request, deadline),
    clock: cluster.clientClock,
    random: Math.random,
    ...(isProbe ? { pauseMs: PROBE_PAUSE_MS } : {}),
  });
}

async function write(place: number): Promise<void> {
  const clerk = makeClerk({ isProbe: place < PROBES });
  for (let count = 0; !isDone; count++) {
    const begin = performance.now();
    const key = `w${place}-${count}`;
    const { type } = await clerk.put(key, VALUE, { version: 0, timeoutMs: 30_000 });
    if (type !== "stored") continue;
    acknowledged.add(key);
    if (waiting === null || begin < waiting.since) continue;
    waiting.done(performance.now());
    waiting = null;
  }
}

async function leader(): Promise<NodeId> {
  for (;;) {
    for (const id of cluster.ids) if ((await cluster.state(id))?.leader) return id;
    await cluster.sleep(5);
  }
}

/** Waits until no node lags by more than a moment's load. */
async function untilWhole(): Promise<void> {
  for (;;) {
    const all = await Promise.all(cluster.ids.map((id) => cluster.status(id)));
    const applied = all.map((status) => status?.applied ?? 0);
    if (Math.min(...applied) > 0 && Math.max(...applied) - Math.min(...applied) < 2000) return;
    await cluster.sleep(20);
  }
}

async function failOver(): Promise<number> {
  const victim = await leader();
  const since = performance.now();
  const served = new Promise<number>((done) => waiting = { since, done });
  await cluster.kill(victim);
  const took = await served - since;
  await cluster.start(victim);
  await untilWhole();
  await cluster.sleep(CALM_MS);
  return took;
}

async function verify(): Promise<number> {
  const clerk = makeClerk({ isProbe: false });
  const keys = [...acknowledged];
  let lost = 0;
  const check = async (): Promise<void> => {
    for (let key = keys.pop(); key !== undefined; key = keys.pop()) {
      const { type } = await clerk.get(key, { timeoutMs: 30_000 });
      if (type !== "value") lost++;
    }
  };
  await Promise.all(Array.from({ length: 64 }, check));
  return lost;
}

try {
  for (const id of cluster.ids) await cluster.start(id);
  await leader();
  const writers = Array.from({ length: WRITERS }, (_, place) => write(place));
  await cluster.sleep(1000);
  const times: number[] = [];
  for (let count = 0; count < kills; count++) times.push(await failOver());
  isDone = true;
  await Promise.all(writers);
  const written = acknowledged.size;
  const lost = await verify();
  times.sort((left, right) => left - right);
  const at = (share: number): string =>
    (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(0);
  console.log(
    `${kills} kills of the leader, ${WRITERS} writers: writes again after p50 ${at(0.5)} ms, ` +
      `p90 ${at(0.9)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms`,
  );
  console.log(`${written} writes acknowledged, ${lost} lost`);
  keep = lost > 0;
  if (keep) Deno.exitCode = 1;
} finally {
  isDone = true;
  await cluster.close({ keep });
  if (keep) console.log(`everything is in ${cluster.folder}`);
}
