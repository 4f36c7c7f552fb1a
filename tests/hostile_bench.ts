/**
 * A cluster of real processes under load, while strangers do their worst on its peer and client
 * ports: `deno run -A tests/hostile_bench.ts [SECONDS]`. Undisturbed and disturbed stretches take
 * turns, so that other work on the machine falls on both; exit code 1 if throughput falls below
 * 80 %, a node dies, memory is not bounded, or a refusal is not counted or fills the log.
 *
 * @module
 */

import { Clerk } from "../kv/mod.ts";
import type { Address } from "../net/mod.ts";
import { encode, type WireValue } from "../net/mod.ts";
import { ProcessServiceCluster } from "./harness/process_service_cluster.ts";

const WRITERS = 64;
const IDLE_CONNECTIONS = 2000;
const STRETCHES = 4;
const SHARE_MIN = 0.8;
/** A node with this load takes about 100 MB. */
const MEMORY_BYTES_MAX = 400e6;
/** One line in five seconds for each source and port, and a few of its own. */
const LINES_PER_SECOND_MAX = 2;
const VALUE = new Uint8Array(256);

const seconds = Number(Deno.args[0] ?? 3);
const cluster = new ProcessServiceCluster({ seed: 1, nodes: 3, machine: "kv" });
let isDone = false;
let isHostile = false;
let writes = 0;

async function write(name: string): Promise<void> {
  const clerk = new Clerk({
    servers: cluster.ids,
    call: (id, request, deadline) => cluster.call(id, request, deadline),
    clock: cluster.clientClock,
    random: Math.random,
  });
  for (let count = 0; !isDone; count++) {
    const result = await clerk.put(`${name}-${count}`, VALUE, { version: 0, timeoutMs: 10_000 });
    if (result === "stored") writes++;
  }
}

function frame(value: WireValue): Uint8Array {
  const payload = encode(value);
  const bytes = new Uint8Array(4 + payload.length);
  new DataView(bytes.buffer).setUint32(0, payload.length);
  bytes.set(payload, 4);
  return bytes;
}

function randomBytes(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(1 + Math.floor(Math.random() * 2000)));
}

/** What one stranger says; byte by byte if it is slow. */
const attacks: readonly { readonly bytes: () => Uint8Array; readonly isSlow?: boolean }[] = [
  { bytes: randomBytes },
  { bytes: () => new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n") },
  { bytes: () => frame(["kontiki-peer", 1, "another cluster", 2, 1, 7, 1]) },
  { bytes: () => frame(["kontiki-peer", 1, "test", 9, 1, 7, 1]) },
  { bytes: () => Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2, 3) },
  { bytes: () => frame("x".repeat(3000)) },
  { bytes: () => frame(["kontiki-client", 1]), isSlow: true },
  { bytes: () => frame(["kontiki-peer", 1, "test", 2, 1, 7, 1]), isSlow: true },
  // After a good hello: garbage, a frame beyond the limit.
  { bytes: () => new Uint8Array([...frame(["kontiki-client", 1]), ...randomBytes()]) },
  { bytes: () => new Uint8Array([...frame(["kontiki-client", 1]), 0x7f, 0, 0, 0, 1]) },
];

async function attack(address: Address, place: number): Promise<void> {
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  for (let turn = place; !isDone; turn++) {
    if (!isHostile) {
      await sleep(20);
      continue;
    }
    const { bytes, isSlow = false } = attacks[turn % attacks.length]!;
    try {
      using conn = await Deno.connect({ ...address, transport: "tcp" });
      if (isSlow) {
        for (const byte of bytes()) {
          await conn.write(Uint8Array.of(byte));
          await sleep(50);
        }
      } else await conn.write(bytes());
      await Promise.race([conn.read(new Uint8Array(100)), sleep(50)]);
    } catch (error) {
      // Being thrown out is what strangers are for.
      if (!(error instanceof Deno.errors.BadResource || error instanceof Error)) throw error;
    }
    await sleep(10);
  }
}

/** Thousands of connections that say nothing, renewed when they were thrown out. */
async function holdIdle(addresses: readonly Address[]): Promise<void> {
  const open: Deno.Conn[] = [];
  while (!isDone) {
    for (let count = 0; isHostile && count < 50 && open.length < IDLE_CONNECTIONS; count++) {
      const address = addresses[open.length % addresses.length]!;
      open.push(await Deno.connect({ ...address, transport: "tcp" }));
    }
    if (!isHostile) { for (const conn of open.splice(0)) conn.close(); }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  for (const conn of open) conn.close();
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
  const strangers = [
    ...addresses.flatMap((address) => [attack(address, 0), attack(address, 5)]),
    holdIdle(addresses),
  ];
  await cluster.sleep(1500);
  const [calm, hostile]: [number[], number[]] = [[], []];
  for (let stretch = 0; stretch < STRETCHES; stretch++) {
    isHostile = false;
    calm.push(await measure());
    isHostile = true;
    hostile.push(await measure());
  }
  const stats = await Promise.all(cluster.ids.map((id) => cluster.node(id).stats()));
  isDone = true;
  await Promise.all([...work, ...strangers]);
  await cluster.verify();
  const memory = Math.max(...stats.map(({ memoryBytes }) => memoryBytes));
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
  for (const { peerRefusals, clientRefusals } of stats) {
    console.log(
      `  peers ${JSON.stringify(peerRefusals)} clients ${JSON.stringify(clientRefusals)}`,
    );
  }
  const counted = stats.every(({ peerRefusals, clientRefusals }) =>
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
