/**
 * Watches at scale: three durable nodes, puts at a fixed rate, first without watchers and then with one
 * on every key, on all nodes: `deno task bench:watch [--watchers N] [--rate N] [--writers N]
 * [--seconds N]`. Prints
 * the lag of events, memory, processor time, and what the watchers cost the puts; ends with code 1 if
 * an event is lost or comes twice.
 *
 * Puts, watchers and nodes share this machine, so only ratios within one run mean anything.
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

const flags = parseArgs(Deno.args, { string: ["watchers", "rate", "writers", "seconds"] });
const watchers = Number(flags.watchers ?? 1000);
const rate = Number(flags.rate ?? 20_000);
const seconds = Number(flags.seconds ?? 10);

/** Each writes its keys in turn, so that the puts of one key have an order. */
const writers = Math.min(Number(flags.writers ?? 500), watchers);
const CONNECTIONS = 4;
/** What the watchers may lag behind when the puts are over. */
const LAST_MS_MAX = 30_000;

const cluster = new ProcessServiceCluster({ seed: Date.now(), nodes: 3, machine: "kv" });

/** The last number that was put under each key, and the last that its watcher saw. */
const written = new Float64Array(watchers);
const seen = new Float64Array(watchers);
const lag = new Histogram();
let events = 0;
let lost = 0;
let doubled = 0;
let failed = 0;

function keyOf(place: number): string {
  return `watched ${String(place).padStart(6, "0")}`;
}

/** The number of the put, and when it began. */
function valueOf(number: number): Uint8Array {
  const value = new Uint8Array(100);
  new DataView(value.buffer).setFloat64(0, number);
  new DataView(value.buffer).setFloat64(8, performance.now());
  return value;
}

/** Sees every event of one key. */
async function watch(store: StoreClient, place: number, signal: AbortSignal): Promise<void> {
  const start = keyOf(place);
  for await (const { changes } of store.watch({ start, end: `${start}\0` }, { signal })) {
    for (const { value } of changes) {
      if (value === null) continue;
      const view = new DataView(value.buffer, value.byteOffset);
      const number = view.getFloat64(0);
      lag.add(performance.now() - view.getFloat64(8));
      events++;
      const wanted = seen[place]! + 1;
      if (number < wanted) doubled++;
      else lost += number - wanted;
      seen[place] = Math.max(seen[place]!, number);
    }
  }
}

/** One phase of puts. */
interface Phase {
  readonly perSecond: number;
  readonly times: Histogram;
  /** Processor time of the leader, a follower and this process, in microseconds a put. */
  readonly cpuUs: readonly [number, number, number];
}

/** Processor time of the leader, of all followers, and of this process, in microseconds. */
async function cpuNow(): Promise<readonly [number, number, number]> {
  const reports = await Promise.all(cluster.ids.map((id) => cluster.report(id)));
  const { user, system } = cpuUsage();
  const sumOf = (isLeader: boolean): number =>
    reports.reduce((sum, report) => {
      const isMeant = (report?.status.role === "leader") === isLeader;
      return sum + (isMeant ? (report?.cpuMs ?? 0) * 1000 : 0);
    }, 0);
  return [sumOf(true), sumOf(false), user + system];
}

/** Puts at the rate for a while. */
async function put(servers: readonly RpcClient[]): Promise<Phase> {
  const times = new Histogram();
  const before = await cpuNow();
  const begin = performance.now();
  const end = begin + seconds * 1000;
  let next = begin;
  const write = async (writer: number): Promise<void> => {
    const rpc = servers[writer % servers.length]!;
    for (let place = writer; performance.now() < end; place += writers) {
      const due = next;
      next += 1000 / rate;
      const waitMs = due - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      const key = place % watchers;
      const number = written[key]! + 1;
      const then = [{ op: "put", key: keyOf(key), value: valueOf(number) }] as const;
      const batch = { checks: [], then, otherwise: [], at: 0 };
      const start = performance.now();
      const outcome = await rpc.call(encodeRequest({ type: "batch", batch }), { withinMs: 20_000 });
      times.add(performance.now() - start);
      if (outcome.kind === "replied") written[key] = number;
      else failed++;
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  const perSecond = times.count / ((performance.now() - begin) / 1000);
  const after = await cpuNow();
  const each = (role: 0 | 1 | 2): number => (after[role] - before[role]) / times.count;
  return { perSecond, times, cpuUs: [each(0), each(1) / (cluster.ids.length - 1), each(2)] };
}

async function memoryMiB(): Promise<string> {
  const reports = await Promise.all(cluster.ids.map((id) => cluster.report(id)));
  return reports.map((report) => Math.round((report?.memoryBytes ?? 0) / 2 ** 20)).join(" ");
}

async function leaderAddress(): Promise<string> {
  for (;;) {
    for (const id of cluster.ids) {
      if ((await cluster.state(id))?.leader === true) return addressOf(id);
    }
    await cluster.sleep(20);
  }
}

function addressOf(id: number): string {
  const { hostname, port } = cluster.node(id).clients!;
  return `${hostname}:${port}`;
}

function say(
  what: string,
  { perSecond, times, cpuUs }: Phase,
  memory: string,
): void {
  const [leader, follower, here] = cpuUs.map((us) => us.toFixed(1));
  console.log(
    `${what.padEnd(24)} ${Math.round(perSecond)} puts/s  p50 ${
      times.percentile(0.5).toFixed(1)
    }  ` +
      `p99 ${times.percentile(0.99).toFixed(1)} ms  memory ${memory} MiB\n` +
      `${"".padEnd(24)} processor time a put: leader ${leader}, a follower ${follower}, ` +
      `this process ${here} µs`,
  );
}

async function run(): Promise<boolean> {
  for (const id of cluster.ids) await cluster.start(id);
  const [hostname, port] = (await leaderAddress()).split(":");
  const server = { hostname: hostname!, port: Number(port) };
  const servers = Array.from({ length: CONNECTIONS }, () => new RpcClient({ server }));
  const addresses = cluster.ids.map(addressOf);
  await put(servers); // the first puts of a process are slow
  const alone = await put(servers);
  say("without watchers", alone, await memoryMiB());

  const stores = addresses.map((_, place) => {
    return connect([...addresses.slice(place), ...addresses.slice(0, place)]);
  });
  const ending = new AbortController();
  const before = new Float64Array(written);
  seen.set(before);
  const watching = Array.from({ length: watchers }, (_, place) => {
    return watch(stores[place % stores.length]!, place, ending.signal);
  });
  await cluster.sleep(2000);
  const watched = await put(servers);
  say(`with ${watchers} watchers`, watched, await memoryMiB());
  const waitUntil = performance.now() + LAST_MS_MAX;
  while (seen.some((number, place) => number < written[place]!) && performance.now() < waitUntil) {
    await cluster.sleep(20);
  }
  ending.abort();
  await Promise.all(watching);
  for (let place = 0; place < watchers; place++) {
    lost += Math.max(0, written[place]! - seen[place]!);
  }
  for (const store of stores) await store.close();
  for (const rpc of servers) rpc.close();
  const ratio = 100 * (1 - watched.perSecond / alone.perSecond);
  console.log(
    `${events} events, ${lost} lost, ${doubled} doubled, ${failed} puts failed; lag p50 ` +
      `${lag.percentile(0.5).toFixed(1)}  p99 ${
        lag.percentile(0.99).toFixed(1)
      } ms; the puts lose ` +
      `${ratio.toFixed(1)} %`,
  );
  return lost === 0 && doubled === 0;
}

let isWell = false;
try {
  isWell = await run();
} finally {
  await cluster.close({ keep: false });
}
Deno.exit(isWell ? 0 : 1);
