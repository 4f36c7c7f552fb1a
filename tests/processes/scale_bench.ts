/**
 * A store that grows: three durable nodes and the load on one machine. Prints what each step costs,
 * and draws it as a page: `deno task bench:scale [--keys N] [--value-bytes N] [--minutes N] [--page
 * FILE]`. After so many minutes of loading it goes on with the keys that are there, and says how many.
 *
 * Two nodes run from the start; the third comes when all keys are there, and must catch up.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { type Batch, binaryKey, decodeReply, encodeRequest } from "../../kv/mod.ts";
import { RpcClient } from "../../net/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import { Histogram } from "../../cli/trials/histogram.ts";
import { ProcessServiceCluster } from "./process_service_cluster.ts";
import { scalePage, type ScaleRow } from "./scale_page.ts";

const CLIENTS = 64;
const MEASURE_MS = 10_000;
/** The number of keys that a batch of the loading has. */
const LOAD_KEYS = 200;
const LOAD_CLIENTS = 8;
const PROGRESS_MS = 10_000;

const flags = parseArgs(Deno.args, { string: ["keys", "value-bytes", "minutes", "page"] });
const keys = Number(flags.keys ?? 1_000_000);
const valueBytes = Number(flags["value-bytes"] ?? 100);
const loadMs = 60_000 * Number(flags.minutes ?? 20);
const cluster = new ProcessServiceCluster({ seed: Date.now(), nodes: 3, machine: "kv" });
const rows: ScaleRow[] = [];
let highestTerm = 0;
/** The number of keys that are there, or on their way. */
let loaded = 0;

function keyAt(place: number): string {
  return `key ${String(place * 2_654_435_761 % 10_000_000_019).padStart(10, "0")}`;
}

function valueAt(place: number): Uint8Array {
  const value = new Uint8Array(valueBytes);
  new DataView(value.buffer).setUint32(0, place);
  crypto.getRandomValues(value.subarray(4));
  return value;
}

function batchOf(places: readonly number[]): Uint8Array {
  const then = places.map((place) => ({
    op: "put" as const,
    key: binaryKey(keyAt(place)),
    value: valueAt(place),
  }));
  const batch: Batch = { checks: [], then, otherwise: [], at: 0 };
  return encodeRequest({ type: "batch", batch });
}

async function leader(): Promise<NodeId> {
  for (;;) {
    for (const id of cluster.ids) if ((await cluster.state(id))?.leader) return id;
    await cluster.sleep(20);
  }
}

/** Connections to the leader, to the next one when that has changed. */
class Connections {
  #current: Promise<readonly RpcClient[]> | null = null;

  async at(place: number): Promise<RpcClient> {
    const clients = await (this.#current ??= this.#open());
    return clients[place % clients.length]!;
  }

  /** The server of this connection does not lead, or does not answer. */
  async lost(rpc: RpcClient): Promise<void> {
    const current = this.#current;
    if (current === null || !(await current).includes(rpc)) return;
    await this.close();
    await cluster.sleep(50);
  }

  async close(): Promise<void> {
    const current = this.#current;
    this.#current = null;
    for (const rpc of await current ?? []) rpc.close();
  }

  async #open(): Promise<readonly RpcClient[]> {
    const { clients: server } = cluster.node(await leader());
    return Array.from({ length: 8 }, () => new RpcClient({ server: server! }));
  }
}

/** What says that a request is done; a put of a new key that is asked again may be done already. */
const DONE = new Set(["stored", "value", "noKey", "batch", "wrongVersion"]);

/** Runs clients against the leader until the time or the work is over. */
async function load(
  clients: number,
  next: () => Uint8Array | null,
  paceMs = 0,
): Promise<{ times: Histogram; seconds: number; failures: number }> {
  const connections = new Connections();
  const times = new Histogram();
  let failures = 0;
  const begin = performance.now();
  const run = async (place: number): Promise<void> => {
    let request = next();
    while (request !== null) {
      const start = performance.now();
      const rpc = await connections.at(place);
      const outcome = await rpc.call(request, { withinMs: 60_000 });
      const bytes = outcome.kind === "replied" ? outcome.payload : null;
      if (bytes instanceof Uint8Array && DONE.has(decodeReply(bytes)?.type ?? "")) {
        times.add(performance.now() - start);
        request = next();
        if (paceMs > 0) await cluster.sleep(paceMs);
      } else {
        // It is asked again: all that is counted is there.
        failures++;
        await connections.lost(rpc);
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, place) => run(place)));
  await connections.close();
  return { times, seconds: (performance.now() - begin) / 1000, failures };
}

/** Requests for a while. */
function during(ms: number, request: () => Uint8Array): () => Uint8Array | null {
  const end = performance.now() + ms;
  return () => performance.now() < end ? request() : null;
}

/** How long the threads of the nodes have waited for a processor, by process, as Linux counts it. */
let waitedMs = new Map<number, number>();
let notedAt = performance.now();

/** As {@linkcode ScaleRow.waited}, since the last call: on a busy machine it explains most pauses. */
async function waitedShare(): Promise<number | null> {
  const since = performance.now() - notedAt;
  notedAt += since;
  const before = waitedMs;
  waitedMs = new Map();
  if (Deno.build.os !== "linux") return null;
  const shares: number[] = [];
  for (const id of cluster.ids.filter((each) => cluster.isRunning(each))) {
    const { pid } = cluster.node(id);
    const figures = await Deno.readTextFile(`/proc/${pid}/task/${pid}/schedstat`);
    const ms = Number(figures.split(" ")[1]) / 1e6;
    waitedMs.set(pid, ms);
    shares.push((ms - (before.get(pid) ?? 0)) / since);
  }
  return Math.max(...shares);
}

async function note(
  step: string,
  measured: { readonly times: Histogram; readonly seconds: number; readonly failures: number },
  perRequest = 1,
): Promise<void> {
  const { times, seconds, failures } = measured;
  const reports = (await Promise.all(cluster.ids.map((id) => cluster.report(id))))
    .filter((report) => report !== null);
  highestTerm = Math.max(highestTerm, ...reports.map(({ status }) => status.term));
  const tables = reports.map((report) => report.tables).filter((status) => status !== null);
  const [first] = tables;
  const row: ScaleRow = {
    step,
    perSecond: Math.round(times.count * perRequest / seconds),
    p50Ms: times.percentile(0.5),
    p99Ms: times.percentile(0.99),
    p999Ms: times.percentile(0.999),
    failures,
    memoryMiB: reports.map(({ memoryBytes }) => Math.round(memoryBytes / 2 ** 20)),
    lagMs: Math.max(...reports.map(({ loopLagMs }) => loopLagMs)),
    waited: await waitedShare(),
    term: highestTerm,
    diskMiB: Math.round((first?.bytes ?? 0) / 2 ** 20),
    levels: (first?.tables ?? []).join(" "),
    writeAmplification: (first?.writtenBytes ?? 0) / Math.max(1, first?.addedBytes ?? 1),
  };
  rows.push(row);
  console.log(
    `${step.padEnd(34)} ${String(row.perSecond).padStart(7)}/s  p50 ${row.p50Ms.toFixed(1)}  p99 ${
      row.p99Ms.toFixed(1)
    }  p99.9 ${row.p999Ms.toFixed(1)} ms  memory ${row.memoryMiB.join(" ")} MiB  lag ${
      row.lagMs.toFixed(0)
    } ms${
      row.waited === null ? "" : `  waited ${Math.round(100 * row.waited)} %`
    }  term ${row.term}  tables ${row.diskMiB} MiB (${row.levels})  written ${
      row.writeAmplification.toFixed(1)
    }x${failures > 0 ? `  ${failures} failures` : ""}`,
  );
}

let fresh = 1_000_000_000;
const newKey = (): Uint8Array =>
  encodeRequest({
    type: "put",
    key: binaryKey(keyAt(fresh++)),
    value: valueAt(fresh),
    version: 0,
  });
const anyPlace = (): number => Math.floor(Math.random() * loaded);
const anyGet = (): Uint8Array => encodeRequest({ type: "get", key: binaryKey(keyAt(anyPlace())) });
const overwrite = (): Uint8Array => batchOf([anyPlace()]);

/** Kills a node that does not lead, and waits until it has applied what the leader had then. */
async function restart(id: NodeId): Promise<number> {
  const before = (await cluster.status(await leader()))!.applied;
  await cluster.kill(id);
  const begin = performance.now();
  await cluster.start(id);
  while (((await cluster.status(id))?.applied ?? 0) < before) await cluster.sleep(10);
  return performance.now() - begin;
}

/** Loads all keys, or as many as the time allows. */
async function loadKeys(): Promise<void> {
  const begin = performance.now();
  const progress = setInterval(async () => {
    const report = await cluster.report(await leader());
    const memory = Math.round((report?.memoryBytes ?? 0) / 2 ** 20);
    const seconds = Math.round((performance.now() - begin) / 1000);
    console.log(`  ${loaded} keys after ${seconds} s, the leader takes ${memory} MiB`);
  }, PROGRESS_MS);
  const fill = (): Uint8Array | null => {
    if (loaded >= keys || performance.now() - begin > loadMs) return null;
    const count = Math.min(LOAD_KEYS, keys - loaded);
    loaded += count;
    return batchOf(Array.from({ length: count }, (_, place) => loaded - count + place));
  };
  const loading = await load(LOAD_CLIENTS, fill);
  clearInterval(progress);
  await note(`loading ${loaded} of ${keys} keys`, loading, LOAD_KEYS);
}

async function run(): Promise<void> {
  for (const id of [1, 2]) await cluster.start(id);
  await leader();
  await note("puts of new keys, empty", await load(CLIENTS, during(MEASURE_MS, newKey)));
  await loadKeys();
  await note("puts of new keys, full", await load(CLIENTS, during(MEASURE_MS, newKey)));
  await note("overwrites of any key", await load(CLIENTS, during(MEASURE_MS, overwrite)));
  await note("gets of any key", await load(CLIENTS, during(MEASURE_MS, anyGet)));
  const half = load(CLIENTS / 4, during(MEASURE_MS * 3, overwrite), 5);
  const begin = performance.now();
  await cluster.start(3);
  const wanted = (await cluster.status(await leader()))!.applied;
  while (((await cluster.status(3))?.applied ?? 0) < wanted) await cluster.sleep(50);
  console.log(`a fresh node caught up in ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  await note("overwrites while it caught up", await half);
  const followers = cluster.ids.filter((id) => id !== undefined);
  const led = await leader();
  const follower = followers.find((id) => id !== led)!;
  console.log(
    `a restarted node serves again after ${(await restart(follower) / 1000).toFixed(1)} s`,
  );
  await note("gets of any key, at the end", await load(CLIENTS, during(MEASURE_MS, anyGet)));
}

let keep = true;
try {
  await run();
  if (flags.page !== undefined) {
    await Deno.writeTextFile(flags.page, scalePage(rows, { keys, valueBytes }));
  }
  keep = false;
} finally {
  await cluster.close({ keep });
  if (keep) console.log(`everything is in ${cluster.folder}`);
}
