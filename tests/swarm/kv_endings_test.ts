/**
 * Keys with an end, on servers whose dates are an hour apart, through crashes, pauses and new leaders:
 * no key ends before its time by the log, and all of them end soon after it (N1, N2).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type ChangeGroup, Clerk, KvStore, type Operation } from "../../kv/mod.ts";
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
      if (count % 6 === 5) await this.#disturb();
      await cluster.sleep(random.range(0, 200));
    }
    await cluster.sleep(3000);
  }

  async put(operation: Operation): Promise<void> {
    const batch = { checks: [], then: [operation], otherwise: [], at: 0 };
    const { clock } = this.cluster;
    const done = await clock.wait(this.#clerk.batch(batch, { timeoutMs: 60_000 }));
    assertEquals(done.type, "done");
  }

  /** Something happens to the leader. */
  async #disturb(): Promise<void> {
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

Deno.test("keys end soon after their time and never before, whoever leads and whatever the dates say", async () => {
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
