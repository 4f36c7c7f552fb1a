/**
 * Keys with an end, and leases, on servers whose dates are an hour apart, through crashes, pauses and
 * new leaders: nothing ends before its time by the log, and everything ends soon after it (N1 to N4).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  type ChangeGroup,
  Clerk,
  decodeRequest,
  KvStore,
  type Operation,
  type Result,
} from "../../kv/mod.ts";
import { SeededRandom, SimServiceCluster } from "../sim/mod.ts";

const SEEDS = 12;
const PUTS = 60;

/** After a leader is there, what is due has gone within this time. */
const SOON_MS = 500;

function clusterOf(seed: number, random: SeededRandom): SimServiceCluster {
  const sizes = { memoryBytes: 1000, tableBytes: 500, level0Tables: 2, level1Bytes: 2000 };
  return new SimServiceCluster({
    ...{ seed, nodes: 3, machine: "kv", profile: "production" },
    logBytesMax: random.pick([null, 1000]),
    tables: random.chance(0.7) ? { ...sizes, cacheBytes: 4096 } : null,
  });
}

/** The last wall time of the log. */
function wallOf({ watcher }: SimServiceCluster): number {
  return watcher.entryAt(watcher.committed)?.times.wall ?? 0;
}

/** Every group of changes of the log, with its wall time. */
function replay({ watcher }: SimServiceCluster): (ChangeGroup & { readonly wall: number })[] {
  const groups: (ChangeGroup & { readonly wall: number })[] = [];
  const store = new KvStore();
  let wall = 0;
  store.observe({ changed: (group) => void groups.push({ ...group, wall }), replaced: () => {} });
  for (let index = 1; index <= watcher.committed; index++) {
    const entry = watcher.entryAt(index);
    if (entry === undefined) continue;
    wall = entry.times.wall;
    if (entry.kind === "command") store.apply(entry.data, { index, ...entry.times });
  }
  return groups;
}

class Run {
  readonly cluster: SimServiceCluster;
  readonly #random: SeededRandom;
  readonly #clerk: Clerk;

  constructor(seed: number) {
    const random = this.#random = new SeededRandom(seed, "endings");
    const cluster = this.cluster = clusterOf(seed, random);
    this.#clerk = new Clerk({
      ...{ servers: cluster.ids, clock: cluster.clientClock, random: random.next },
      call: (id, request, deadline) => cluster.call(id, request, deadline),
      ...{ sessions: true, attemptMs: 200 },
    });
  }

  async play(): Promise<void> {
    const { cluster } = this;
    const random = this.#random;
    for (const id of cluster.ids) await cluster.start(id);
    await this.put({ op: "put", key: "first", value: new Uint8Array(1) });
    for (let count = 0; count < PUTS; count++) {
      const key = `k${random.below(30)}`;
      const expires = random.chance(0.2) ? 0 : wallOf(cluster) + random.between(-500, 6000);
      const put = { op: "put", key, value: new Uint8Array(20) } as const;
      await this.put(expires > 0 ? { ...put, expires } : put);
      if (count % 6 === 5) await this.disturb();
      await cluster.sleep(random.range(0, 200));
    }
    await cluster.sleep(3000);
  }

  async put(operation: Operation): Promise<Result> {
    const batch = { checks: [], then: [operation], otherwise: [], at: 0 };
    const { clock } = this.cluster;
    const done = await clock.wait(this.#clerk.batch(batch, { timeoutMs: 60_000 }));
    assert(done.type === "done", done.type);
    return done.result.results[0]!;
  }

  /** Keeps leases alive for a while, each of them less and less reliably. */
  async lease(): Promise<void> {
    const { cluster } = this;
    const random = this.#random;
    for (const id of cluster.ids) await cluster.start(id);
    for (let lease = 1; lease <= 8; lease++) {
      await this.put({ op: "grant", lease, ttl: random.between(2000, 5000) });
      await this.put({ op: "put", key: `k${lease}`, value: new Uint8Array(1), lease });
    }
    for (let round = 0; round < 20; round++) {
      const leases = [1, 2, 3, 4, 5, 6, 7, 8].filter((lease) => random.chance(lease / 9));
      await this.put({ op: "renew", leases });
      if (round % 3 === 2) await this.disturb();
      await cluster.sleep(random.range(0, 600));
    }
    await cluster.sleep(7000);
    await this.put({ op: "put", key: "last", value: new Uint8Array(1) });
  }

  /** Something happens to the leader. */
  async disturb(): Promise<void> {
    const { cluster } = this;
    const leader = cluster.ids.find((id) => cluster.look(id)?.role === "leader");
    if (leader === undefined) return;
    if (this.#random.chance(0.5)) {
      await cluster.crash(leader);
      await cluster.sleep(this.#random.range(0, 3000));
      await cluster.start(leader);
    } else {
      cluster.pause(leader);
      await cluster.sleep(this.#random.range(500, 3000));
      cluster.resume(leader);
    }
  }
}

Deno.test("keys end soon after their time and never before, through changes of leader and wrong dates", async () => {
  let expired = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const run = new Run(seed);
    await run.play();
    const { cluster } = run;
    await run.put({ op: "put", key: "last", value: new Uint8Array(1) });
    const wall = wallOf(cluster);
    await cluster.sleep(SOON_MS);
    const left = new Map<string, number>();
    for (const { changes, wall } of replay(cluster)) {
      for (const { entry: { key, value, expires }, previous } of changes) {
        if (value !== null) {
          left.set(key, expires);
          continue;
        }
        assert(expires <= wall, `seed ${seed}: ${key} ended ${expires - wall} ms early`);
        assertEquals(previous?.expires, expires, `seed ${seed}`);
        left.delete(key);
        expired++;
      }
    }
    const late = [...left].filter(([, expires]) => expires > 0 && expires <= wall);
    assertEquals(late, [], `seed ${seed}`);
    await cluster.verify();
    await cluster.close();
  }
  assert(expired > SEEDS * 10, `${expired} keys expired`);
});

Deno.test("leases live as long as the log's steady time says, and end with their keys soon after", async () => {
  let ended = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const run = new Run(seed);
    await run.lease();
    const { watcher } = run.cluster;
    const ends = new Map<number, number>();
    const ttls = new Map<number, number>();
    const store = new KvStore();
    let steady = 0;
    store.observe({
      changed: ({ changes }) => {
        for (const { entry: { key, value, lease } } of changes) {
          if (value !== null || lease === 0) continue;
          assert(ends.get(lease)! <= steady, `seed ${seed}: ${key} ended early`);
          ends.delete(lease);
          ended++;
        }
      },
      replaced: () => {},
    });
    for (let index = 1; index <= watcher.committed; index++) {
      const entry = watcher.entryAt(index);
      if (entry?.kind !== "command") continue;
      steady = entry.times.steady;
      const request = decodeRequest(entry.data);
      const batch = request?.type === "numbered" ? request.request : request;
      for (const operation of batch?.type === "batch" ? batch.batch.then : []) {
        if (operation.op === "grant") {
          ttls.set(operation.lease, operation.ttl);
          ends.set(operation.lease, steady + operation.ttl);
        }
        if (operation.op !== "renew") continue;
        for (const lease of operation.leases) {
          if (ends.has(lease)) ends.set(lease, steady + ttls.get(lease)!);
        }
      }
      store.apply(entry.data, { index, ...entry.times });
    }
    const late = [...ends].filter(([, end]) => end < steady - SOON_MS);
    assertEquals(late, [], `seed ${seed}`);
    await run.cluster.verify();
    await run.cluster.close();
  }
  assertEquals(ended, 8 * SEEDS);
});

Deno.test("time without a leader counts against no lease", async () => {
  const run = new Run(99);
  const { cluster } = run;
  for (const id of cluster.ids) await cluster.start(id);
  await run.put({ op: "grant", lease: 1, ttl: 3000 });
  for (const id of cluster.ids) await cluster.crash(id);
  await cluster.sleep(60_000);
  for (const id of cluster.ids) await cluster.start(id);
  assertEquals(await run.put({ op: "renew", leases: [1, 2] }), { op: "renew", gone: [2] });
  await cluster.close();
});
