/**
 * A store that grows: three durable nodes and the load on one machine. Prints what each step costs,
 * what a put costs as the keys become more, and what is aimed at beside what was seen; draws it as a
 * page: `deno task bench:scale [--keys N] [--value-bytes N] [--minutes N] [--page FILE]`. Keys are
 * loaded by batches. After so many minutes of loading it goes on with the keys that are there, and
 * says how many. It ends by itself.
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
import { aimLines, costLines, type CostPoint, scalePage, type ScaleRow } from "./scale_page.ts";

const CLIENTS = 64;
const MEASURE_MS = 10_000;
/** The number of keys that a batch of the loading has. */
const LOAD_KEYS = 200;
const LOAD_CLIENTS = 8;
const PROGRESS_MS = 10_000;
/** An empty store has so many keys, that there is something to get. */
const EMPTY_KEYS = 1000;

const flags = parseArgs(Deno.args, { string: ["keys", "value-bytes", "minutes", "page"] });
const keys = Number(flags.keys ?? 1_000_000);
const valueBytes = Number(flags["value-bytes"] ?? 100);
/** What an entry has that was loaded. */
const entryBytes = keyAt(0).length + valueBytes;
const loadMs = 60_000 * Number(flags.minutes ?? 20);
const cluster = new ProcessServiceCluster({ seed: Date.now(), nodes: 3, machine: "kv" });
const rows: ScaleRow[] = [];
const costs: CostPoint[] = [];
let highestTerm = 0;
let highestMemory = 0;
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
): Promise<ScaleRow> {
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
    spaceAmplification: (first?.bytes ?? 0) / Math.max(1, loaded * entryBytes),
    tablesPerGet: (first?.tables ?? []).reduce(
      (sum, count, level) => sum + (level === 0 ? count : Math.min(1, count)),
      0,
    ),
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
  return row;
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
async function restart(id: NodeId): Promise<{ readonly seconds: number; readonly cpu: number }> {
  const before = (await cluster.status(await leader()))!.applied;
  await cluster.kill(id);
  const begin = performance.now();
  await cluster.start(id);
  while (((await cluster.status(id))?.applied ?? 0) < before) await cluster.sleep(10);
  const seconds = (performance.now() - begin) / 1000;
  return { seconds, cpu: ((await cluster.report(id))?.cpuMs ?? 0) / 1000 };
}

/** What the leader's puts have cost so far. */
async function costNow(): Promise<{ readonly cpuMs: number; readonly at: number }> {
  const report = await cluster.report(await leader());
  return { cpuMs: report?.cpuMs ?? 0, at: performance.now() };
}

/** Loads all keys, or as many as the time allows. */
async function loadKeys(): Promise<void> {
  const begin = performance.now();
  const progress = setInterval(async () => {
    const report = await cluster.report(await leader());
    const memory = Math.round((report?.memoryBytes ?? 0) / 2 ** 20);
    highestMemory = Math.max(highestMemory, memory);
    const { pressure = 0, tables = [] } = report?.tables ?? {};
    const seconds = Math.round((performance.now() - begin) / 1000);
    console.log(
      `  ${loaded} keys after ${seconds} s, the leader takes ${memory} MiB, pressure ${
        Math.round(100 * pressure)
      } % (${tables.join(" ")})`,
    );
  }, PROGRESS_MS);
  const times = new Histogram();
  let failures = 0;
  for (const goal of goalsUpTo(keys)) {
    const from = loaded;
    const before = await costNow();
    const fill = (): Uint8Array | null => {
      if (loaded >= goal || performance.now() - begin > loadMs) return null;
      const count = Math.min(LOAD_KEYS, goal - loaded);
      loaded += count;
      return batchOf(Array.from({ length: count }, (_, place) => loaded - count + place));
    };
    const part = await load(LOAD_CLIENTS, fill);
    times.merge(part.times);
    failures += part.failures;
    const { cpuMs, at } = await costNow();
    const count = loaded - from;
    if (count === 0) continue;
    const perSecond = 1000 * count / (at - before.at);
    costs.push({ keys: loaded, perSecond, cpuUs: 1000 * (cpuMs - before.cpuMs) / count });
  }
  clearInterval(progress);
  const seconds = (performance.now() - begin) / 1000;
  await note(`loading ${loaded} of ${keys} keys`, { times, seconds, failures }, LOAD_KEYS);
}

/** 1,000, 3,000, 10,000 and so on: the points at which the cost of a put is noted. */
function goalsUpTo(most: number): number[] {
  const goals: number[] = [];
  for (let goal = 1000; goal < most; goal *= goals.length % 2 === 1 ? 3 : 10 / 3) {
    goals.push(Math.round(goal));
  }
  return [...goals, most];
}

/** Starts a node without anything and waits until it has what the leader has then. */
async function catchUp(id: NodeId): Promise<{ readonly seconds: number; readonly bytes: number }> {
  const sent = async (): Promise<number> => {
    const reports = await Promise.all(cluster.ids.map((each) => cluster.report(each)));
    return reports.reduce((sum, report) => sum + (report?.traffic.bytes ?? 0), 0);
  };
  const before = await sent();
  const begin = performance.now();
  await cluster.start(id);
  const wanted = (await cluster.status(await leader()))!.applied;
  while (((await cluster.status(id))?.applied ?? 0) < wanted) await cluster.sleep(50);
  return { seconds: (performance.now() - begin) / 1000, bytes: await sent() - before };
}

async function run(): Promise<void> {
  for (const id of [1, 2]) await cluster.start(id);
  await leader();
  const empty = await note(
    "puts of new keys, empty",
    await load(CLIENTS, during(MEASURE_MS, newKey)),
  );
  await loadSome(EMPTY_KEYS);
  const fewGets = await note(
    "gets of any key, empty",
    await load(CLIENTS, during(MEASURE_MS, anyGet)),
  );
  await loadKeys();
  const { term } = rows.at(-1)!;
  const full = await note(
    "puts of new keys, full",
    await load(CLIENTS, during(MEASURE_MS, newKey)),
  );
  await note("overwrites of any key", await load(CLIENTS, during(MEASURE_MS, overwrite)));
  const gets = await note("gets of any key", await load(CLIENTS, during(MEASURE_MS, anyGet)));
  const half = (ms: number) => load(CLIENTS / 4, during(ms, overwrite), 5);
  const calm = await note("overwrites, half a load", await half(MEASURE_MS));
  const loading = half(3 * MEASURE_MS);
  const caught = await catchUp(3);
  const busy = await note("overwrites while a node caught up", await loading);
  const led = await leader();
  const restarted = await restart(cluster.ids.find((id) => id !== led)!);
  await note("gets of any key, at the end", await load(CLIENTS, during(MEASURE_MS, anyGet)));
  const liveBytes = loaded * entryBytes;
  const last = rows.at(-1)!;
  for (const line of costLines(costs)) console.log(line);
  const aims = aimLines({
    memoryMiB: Math.max(highestMemory, ...rows.flatMap(({ memoryMiB }) => memoryMiB)),
    changes: term - empty.term,
    tail: full.p999Ms / full.p50Ms,
    lagMs: Math.max(...rows.map(({ lagMs }) => lagMs)),
    puts: full.perSecond / empty.perSecond,
    gets: gets.perSecond / fewGets.perSecond,
    restartSeconds: restarted.seconds,
    restartCpuSeconds: restarted.cpu,
    caughtUpSeconds: caught.seconds,
    caughtUpBytes: caught.bytes / liveBytes,
    slower: busy.p99Ms / calm.p99Ms,
    writeAmplification: rows.find(({ step }) => step === "gets of any key")!.writeAmplification,
    spaceAmplification: Math.max(...rows.slice(3).map((row) => row.spaceAmplification)),
    tablesPerGet: last.tablesPerGet,
  });
  for (const line of aims) console.log(line);
  if (flags.page !== undefined) {
    const page = scalePage(rows, { keys, valueBytes, costs, aims });
    await Deno.writeTextFile(flags.page, page);
  }
}

/** Loads a few keys, so that there is something to get. */
async function loadSome(count: number): Promise<void> {
  const places = Array.from({ length: count }, (_, place) => place);
  loaded = count;
  await load(1, () => places.length === 0 ? null : batchOf(places.splice(0, LOAD_KEYS)));
}

let keep = true;
try {
  await run();
  keep = false;
} finally {
  await cluster.close({ keep });
  if (keep) console.log(`everything is in ${cluster.folder}`);
}
