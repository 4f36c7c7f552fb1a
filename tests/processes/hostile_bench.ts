/**
 * A cluster of real processes under load, while hostile connections attack its peer and client
 * ports: `deno run -A tests/processes/hostile_bench.ts [SECONDS]`. Intervals with and without
 * attack alternate, so that other work on the machine affects both. Exit code 1 if throughput falls
 * below 80 %, a node ends, memory is not bounded, or a refusal is not counted or fills the log.
 *
 * @module
 */

import { Clerk } from "../../kv/mod.ts";
import { ProcessServiceCluster } from "./process_service_cluster.ts";

const WRITERS = 64;
/** Keys of each writer, overwritten again and again, so that only the attack can grow memory. */
const KEYS = 100;
const STRETCHES = 4;
const SHARE_MIN = 0.8;
/** The log may take 64 MB before a snapshot, and several copies of it exist during one. */
const MEMORY_BYTES_MAX = 600e6;
/** One line in five seconds for each source and port, and a few regular ones. */
const LINES_PER_SECOND_MAX = 2;
const VALUE = new Uint8Array(256);

const seconds = Number(Deno.args[0] ?? 3);
const cluster = new ProcessServiceCluster({ seed: 1, nodes: 3, machine: "kv" });
let isDone = false;
let writes = 0;

async function write(name: string): Promise<void> {
  const clerk = new Clerk({
    servers: cluster.ids,
    call: (id, request, deadline) => cluster.call(id, request, deadline),
    clock: cluster.clientClock,
    random: Math.random,
  });
  const versions = new Array<number>(KEYS).fill(0);
  for (let count = 0; !isDone; count++) {
    const at = count % KEYS;
    const key = `${name}-${at}`;
    const result = await clerk.put(key, VALUE, { version: versions[at]!, timeoutMs: 10_000 });
    if (result.type === "stored") {
      writes++;
      versions[at]!++;
      continue;
    }
    const seen = await clerk.get(key, { timeoutMs: 10_000 });
    if (seen.type === "value") versions[at] = seen.version;
  }
}

async function measure(): Promise<number> {
  await cluster.sleep(500);
  const before = writes;
  await cluster.sleep(seconds * 1000);
  return (writes - before) / seconds;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

try {
  for (const id of cluster.ids) await cluster.start(id);
  const addresses = cluster.ids.flatMap((id) => [
    cluster.node(id).peers,
    cluster.node(id).clients!,
  ]);
  const work = Array.from({ length: WRITERS }, (_, place) => write(`w${place}`));
  const strangers = new Worker(import.meta.resolve("./strangers_worker.ts"), {
    type: "module",
  });
  strangers.postMessage(addresses);
  await cluster.sleep(1500);
  const [calm, hostile]: [number[], number[]] = [[], []];
  for (let stretch = 0; stretch < STRETCHES; stretch++) {
    strangers.postMessage(false);
    calm.push(await measure());
    strangers.postMessage(true);
    hostile.push(await measure());
  }
  const reports = await Promise.all(cluster.ids.map((id) => cluster.node(id).report()));
  isDone = true;
  strangers.terminate();
  await Promise.all(work);
  await cluster.verify();
  const memory = Math.max(...reports.map(({ memoryBytes }) => memoryBytes));
  const lines = await Promise.all(cluster.ids.map(async (id) => {
    const text = await Deno.readTextFile(`${cluster.folder}/n${id}.log`);
    return text.split("\n").filter((line) => line.includes("refused")).length;
  }));
  const lineRate = Math.max(...lines) / (2 * STRETCHES * (seconds + 0.5));
  const share = sum(hostile) / sum(calm);
  const rate = (rates: readonly number[]): string => (sum(rates) / rates.length).toFixed(0);
  console.log(`writes: ${rate(calm)}/s undisturbed, ${rate(hostile)}/s disturbed`);
  console.log(
    `share ${(share * 100).toFixed(0)} %, memory at most ${(memory / 1e6).toFixed(0)} MB`,
  );
  console.log(`refusals logged: ${lines.join(", ")} lines; counted:`);
  for (const { peerRefusals, clientRefusals } of reports) {
    console.log(
      `  peers ${JSON.stringify(peerRefusals)} clients ${JSON.stringify(clientRefusals)}`,
    );
  }
  const counted = reports.every(({ peerRefusals, clientRefusals }) =>
    (peerRefusals["garbage"] ?? 0) > 0 && (peerRefusals["wrongCluster"] ?? 0) > 0 &&
    (clientRefusals["garbage"] ?? 0) > 0 && (clientRefusals["badHello"] ?? 0) > 0
  );
  const isGood = share >= SHARE_MIN && memory < MEMORY_BYTES_MAX && counted &&
    lineRate < LINES_PER_SECOND_MAX;
  console.log(isGood ? "ok" : "FAILED");
  if (!isGood) Deno.exitCode = 1;
} finally {
  isDone = true;
  await cluster.close();
}
