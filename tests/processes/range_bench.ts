/**
 * A list of very many keys: three durable nodes, `deno task bench:range [--keys N] [--value-bytes N]`.
 * Prints entries a second, processor time, the memory of both sides before and after, and what the list
 * costs reads of single keys meanwhile. Everything shares this machine, so only ratios within one run mean anything.
 *
 * @module
 */

import { cpuUsage } from "node:process";
import { parseArgs } from "@std/cli";
import { encodeRequest } from "../../kv/mod.ts";
import { RpcClient } from "../../net/mod.ts";
import { connect, type StoreClient } from "../../net/store/mod.ts";
import { Histogram } from "../../cli/trials/histogram.ts";
import { ProcessServiceCluster } from "./process_service_cluster.ts";

const flags = parseArgs(Deno.args, { string: ["keys", "value-bytes"] });
const keys = Number(flags.keys ?? 1_000_000);
const valueBytes = Number(flags["value-bytes"] ?? 100);

const BATCH_KEYS = 500;
const WRITERS = 4;
const READ_PAUSE_MS = 5;
const IDLE_MS = 3000;
const LISTS = 3;

const cluster = new ProcessServiceCluster({ seed: Date.now(), nodes: 3, machine: "kv" });

function keyOf(place: number): string {
  return `key ${String(place).padStart(9, "0")}`;
}

async function fill(rpc: RpcClient): Promise<void> {
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < keys) {
      const from = next;
      next += BATCH_KEYS;
      const then = Array.from({ length: Math.min(BATCH_KEYS, keys - from) }, (_, place) => {
        return { op: "put", key: keyOf(from + place), value: new Uint8Array(valueBytes) } as const;
      });
      const batch = { checks: [], then, otherwise: [], at: 0 };
      const request = encodeRequest({ type: "batch", batch });
      const outcome = await rpc.call(request, { withinMs: 60_000 });
      if (outcome.kind !== "replied") throw new Error(`A batch got no answer: ${outcome.kind}`);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, () => write()));
}

async function memory(): Promise<string> {
  const reports = await Promise.all(cluster.ids.map((id) => cluster.report(id)));
  const nodes = reports.map((report) => Math.round((report?.memoryBytes ?? 0) / 2 ** 20));
  return `nodes ${nodes.join(" ")}, client ${Math.round(Deno.memoryUsage().rss / 2 ** 20)} MiB`;
}

/** Begins to read random keys; the function that it returns ends that, and gives the latencies. */
function readers(store: StoreClient): () => Promise<Histogram> {
  const times = new Histogram();
  let isOver = false;
  const read = async (): Promise<void> => {
    while (!isOver) {
      const begin = performance.now();
      await store.get(keyOf(Math.floor(Math.random() * keys)));
      times.add(performance.now() - begin);
      await cluster.sleep(READ_PAUSE_MS);
    }
  };
  const reading = Promise.all([read(), read()]);
  return async () => {
    isOver = true;
    await reading;
    return times;
  };
}

/** Processor time of all nodes and of this process, in microseconds. */
async function cpuNow(): Promise<readonly [number, number]> {
  const reports = await Promise.all(cluster.ids.map((id) => cluster.report(id)));
  const { user, system } = cpuUsage();
  return [reports.reduce((sum, report) => sum + (report?.cpuMs ?? 0) * 1000, 0), user + system];
}

function addressOf(id: number): string {
  const { hostname, port } = cluster.node(id).clients!;
  return `${hostname}:${port}`;
}

async function leader(): Promise<number> {
  for (;;) {
    for (const id of cluster.ids) if ((await cluster.state(id))?.leader === true) return id;
    await cluster.sleep(20);
  }
}

async function run(): Promise<void> {
  for (const id of cluster.ids) await cluster.start(id);
  const first = addressOf(await leader());
  const rpc = new RpcClient({ server: cluster.node(await leader()).clients! });
  const begin = performance.now();
  await fill(rpc);
  rpc.close();
  console.log(`${keys} keys written in ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  const addresses = [first, ...cluster.ids.map(addressOf).filter((each) => each !== first)];
  const [listing, reading] = [connect(addresses), connect(addresses)];
  const idle = readers(reading);
  await cluster.sleep(IDLE_MS);
  const alone = await idle();
  console.log(`before: ${await memory()}`);
  for (let list = 1; list <= LISTS; list++) {
    const busy = readers(reading);
    const before = await cpuNow();
    const start = performance.now();
    let entries = 0;
    for await (const { version } of listing.list("key ")) entries += version;
    const seconds = (performance.now() - start) / 1000;
    const after = await cpuNow();
    const beside = await busy();
    const [nodes, here] = [0, 1].map((role) =>
      ((after[role]! - before[role]!) / entries).toFixed(2)
    );
    console.log(
      `list ${list}: ${entries} entries, ${Math.round(entries / seconds)} a second; gets p99 ` +
        `${alone.percentile(0.99).toFixed(1)} → ${beside.percentile(0.99).toFixed(1)} ms; ` +
        await memory() + `; processor time an entry: nodes ${nodes}, here ${here} µs`,
    );
  }
  await listing.close();
  await reading.close();
}

try {
  await run();
} finally {
  await cluster.close({ keep: false });
}
Deno.exit(0);
