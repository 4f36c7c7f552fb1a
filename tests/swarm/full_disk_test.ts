/**
 * Disks without room, on one, two and all three nodes of a loaded cluster (D5): nothing that was
 * acknowledged is lost, reads go on, no node ends, and puts succeed again once there is room,
 * without a restart.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Clerk } from "../../kv/mod.ts";
import { KvRecorder } from "../recorder/mod.ts";
import { SeededRandom, SimServiceCluster } from "../sim/mod.ts";

const CLIENTS = 4;
/** Long enough to fill what the log and the tables have made ahead. */
const FULL_MS = 8000;

/** What clients saw in one run. */
interface Seen {
  /** Puts that were stored while disks were full, and afterwards. */
  readonly puts: { full: number; after: number };
  /** Reads that were answered in the second half of that time. */
  reads: number;
  /** Puts that were surely not executed. */
  refused: number;
}

function makeCluster(seed: number): SimServiceCluster {
  return new SimServiceCluster({
    seed,
    nodes: 3,
    machine: "kv",
    profile: "production",
    logBytesMax: 20_000,
    tables: { memoryBytes: 5_000, tableBytes: 5_000, level0Tables: 4, level1Bytes: 20_000 },
    files: { segmentBytesMax: 10_000, recordBytesMax: 10_000, faultRate: 0, powerCuts: 0 },
  });
}

async function fillDisks(seed: number, count: number, part: "all" | "tables"): Promise<Seen> {
  const random = new SeededRandom(seed, "full disks");
  const cluster = makeCluster(seed);
  const recorder = new KvRecorder(() => cluster.now());
  const seen: Seen = { puts: { full: 0, after: 0 }, reads: 0, refused: 0 };
  let phase: "before" | "full" | "starved" | "after" | "over" = "before";

  async function client(number: number): Promise<void> {
    const clerk = new Clerk({
      servers: random.shuffle(cluster.ids),
      call: (id, request, deadline) => cluster.call(id, request, deadline),
      clock: cluster.clientClock,
      random: random.fork(`clerk ${number}`).next,
    });
    const act = { clerk, client: number, timeoutMs: 1000 };
    const versions = new Map<string, number>();
    for (let turn = 0; phase !== "over"; turn++) {
      const key = `k${turn % 10}`;
      const read = await recorder.execute({ op: "get", key }, act);
      if (read !== null && read !== "never") {
        if (phase === "starved") seen.reads++;
        if (read.op === "get") versions.set(key, read.version);
      }
      const value = `${number}.${turn}.${"x".repeat(200)}`;
      const version = versions.get(key) ?? 0;
      const put = await recorder.execute({ op: "put", key, value, version }, act);
      if (put === "never") seen.refused++;
      else if (put?.error === "OK" && phase === "after") seen.puts.after++;
      else if (put?.error === "OK" && phase !== "before") seen.puts.full++;
      await cluster.sleep(10);
    }
  }

  for (const id of cluster.ids) await cluster.start(id);
  const clients = Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
  await cluster.sleep(1000);
  phase = "full";
  const full = random.shuffle(cluster.ids).slice(0, count);
  for (const id of full) cluster.limitRoom(id, random.between(0, 5000), part);
  await cluster.sleep(FULL_MS / 2);
  phase = "starved";
  await cluster.sleep(FULL_MS / 2);
  phase = "after";
  for (const id of full) cluster.limitRoom(id, Infinity);
  await cluster.sleep(2000);
  phase = "over";
  await cluster.clock.wait(clients);
  await cluster.verify();
  // A node that had ended would be a violation; this says that none was started again either.
  assert(cluster.ids.every((id) => cluster.isRunning(id)));
  assertEquals(recorder.judge(10_000), "ok");
  await cluster.close();
  return seen;
}

for (
  const [count, part] of [[1, "all"], [2, "all"], [3, "all"], [3, "tables"]] as const
) {
  const name = `full disks on ${count} of 3 nodes${part === "all" ? "" : ` (${part} alone)`}`;
  Deno.test(`${name} lose no acknowledged write and need no restart (D5)`, async () => {
    for (let seed = 1; seed <= 2; seed++) {
      const { puts, reads, refused } = await fillDisks(seed, count, part);
      const found = `seed ${seed}: ${JSON.stringify({ puts, reads, refused })}`;
      assert(puts.after > 50, `puts do not succeed once there is room, ${found}`);
      assert(reads >= 3 * CLIENTS, `reads are not answered while disks are full, ${found}`);
      if (count === 3) assert(refused > 0, `no put is refused where all disks are full, ${found}`);
    }
  });
}

Deno.test("a new leader answers reads although its full disk kept it from applying before (D5)", async () => {
  const cluster = makeCluster(1);
  const clerk = new Clerk({
    servers: cluster.ids,
    call: (id, request, deadline) => cluster.call(id, request, deadline),
    clock: cluster.clientClock,
    random: cluster.random,
  });
  for (const id of cluster.ids) await cluster.start(id);
  const value = new Uint8Array(300);
  await clerk.put("k", value, { version: 0, timeoutMs: 5000 });
  const leader = cluster.ids.find((id) => cluster.leads(id))!;
  const others = cluster.ids.filter((id) => id !== leader);
  for (const id of others) cluster.limitRoom(id, 0, "tables");
  let written = 0;
  const isBehind = (id: number): boolean =>
    cluster.look(id)!.commit - cluster.look(id)!.applied > 20;
  while (!others.every(isBehind)) {
    await clerk.put("k", value, { version: ++written, timeoutMs: 5000 });
  }
  await cluster.crash(leader);
  const found = await clerk.get("k", { timeoutMs: 10_000 });
  assert(found.type === "value", `wanted the value of the last put, got ${found.type}`);
  assertEquals(found.version, written + 1);
  await cluster.close();
});
