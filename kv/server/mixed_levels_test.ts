/**
 * Clusters whose servers run programs of different releases, through upgrades, crashes and changes of
 * leader: nothing that a member does not know enters the log, and a program that meets what it does not
 * know stops (O9).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type BatchOutcome, Clerk, type Levels, NeedsUpgrade, type Operation } from "../mod.ts";
import { Configuration, type NodeId } from "../../raft/mod.ts";
import { SeededRandom, SimServiceCluster } from "../../tests/sim/mod.ts";

const OLDER: Levels = { first: 2, last: 2 };
const NEWER: Levels = { first: 2, last: 3 };

const SEEDS = 8;

/** Three servers and a learner, all of the older release at first. */
class Run {
  readonly cluster: SimServiceCluster;
  readonly random: SeededRandom;
  readonly newer = new Set<NodeId>();
  readonly #clerk: Clerk;
  #leases = 0;

  constructor(seed: number) {
    const random = this.random = new SeededRandom(seed, "levels");
    const sizes = { memoryBytes: 1000, tableBytes: 500, level0Tables: 2, level1Bytes: 2000 };
    const cluster = this.cluster = new SimServiceCluster({
      ...{ seed, nodes: 4, voters: 3, machine: "kv", profile: "production" },
      logBytesMax: random.pick([null, 1000]),
      tables: random.chance(0.5) ? { ...sizes, cacheBytes: 4096 } : null,
      levels: (id) => this.newer.has(id) ? NEWER : OLDER,
    });
    this.#clerk = new Clerk({
      ...{ servers: cluster.ids, clock: cluster.clientClock, random: random.next },
      call: (id, request, deadline) => cluster.call(id, request, deadline),
      ...{ sessions: true, attemptMs: 200 },
    });
  }

  async begin(): Promise<void> {
    const { cluster } = this;
    for (const id of cluster.ids) await cluster.start(id);
    const { members } = Configuration.of([1, 2, 3]);
    const learners = Configuration.of([4]).members.voters;
    for (let tries = 0; tries < 100; tries++) {
      await cluster.sleep(200);
      const leader = this.leader();
      if (leader !== null && cluster.changeMembers(leader, { ...members, learners })) break;
    }
    await cluster.sleep(1000);
    assertEquals(cluster.look(this.leader()!)?.members.learners.length, 1);
  }

  leader(): NodeId | null {
    return this.cluster.ids.find((id) => this.cluster.look(id)?.role === "leader") ?? null;
  }

  async execute(operation: Operation): Promise<BatchOutcome> {
    const batch = { checks: [], then: [operation], otherwise: [], at: 0 };
    return await this.cluster.clock.wait(this.#clerk.batch(batch, { timeoutMs: 60_000 }));
  }

  async put(): Promise<void> {
    const value = new Uint8Array(20);
    const done = await this.execute({ op: "put", key: `k${this.random.below(9)}`, value });
    assertEquals(done.type, "done");
  }

  async grant(): Promise<BatchOutcome> {
    return await this.execute({ op: "grant", lease: ++this.#leases, ttl: 60_000 });
  }

  /** Starts a server again, perhaps with the newer program. */
  async restart(id: NodeId): Promise<void> {
    await this.cluster.crash(id);
    await this.cluster.sleep(this.random.range(0, 2000));
    await this.cluster.start(id);
  }

  /** How far the servers have applied the log when nothing is under way. */
  async applied(): Promise<ReadonlySet<number>> {
    const { cluster } = this;
    await cluster.sleep(2000);
    return new Set(cluster.ids.map((id) => cluster.look(id)!.applied));
  }
}

Deno.test("a cluster is upgraded under load, and what is new works when its last member is (O9)", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const run = new Run(seed);
    const { cluster, random } = run;
    await run.begin();
    for (const id of random.shuffle([1, 2, 3, 4])) {
      const before = await run.grant();
      assert(before.type === "invalid", `seed ${seed}: ${before.type}`);
      assert(before.reason.includes("level 3, the cluster has 2: upgrade n"), before.reason);
      run.newer.add(id);
      await run.restart(id);
      for (let count = 0; count < 5; count++) await run.put();
      if (random.chance(0.5)) await run.restart(run.leader() ?? 1);
    }
    await cluster.sleep(5000);
    assertEquals((await run.grant()).type, "done", `seed ${seed}`);
    for (const id of random.shuffle([1, 2, 3, 4])) await run.restart(id);
    assertEquals((await run.grant()).type, "done", `seed ${seed}`);
    assertEquals((await run.applied()).size, 1, `seed ${seed}`);
    await cluster.verify();
    await cluster.close();
  }
});

Deno.test("a member that is not there keeps what is new out of the log (O9)", async () => {
  for (const away of [3, 4]) {
    const run = new Run(away);
    const { cluster } = run;
    await run.begin();
    await cluster.crash(away);
    for (const id of [1, 2, 3, 4].filter((id) => id !== away)) {
      run.newer.add(id);
      await run.restart(id);
    }
    await cluster.sleep(10_000);
    const refused = await run.grant();
    assert(refused.type === "invalid");
    assert(refused.reason.endsWith(`the cluster has 2: connect n${away}`), refused.reason);
    await cluster.start(away);
    await cluster.sleep(5000);
    const still = await run.grant();
    assert(still.type === "invalid");
    assert(still.reason.endsWith(`the cluster has 2: upgrade n${away}`), still.reason);
    await cluster.verify();
    await cluster.close();
  }
});

Deno.test("an older program that is started in an upgraded cluster stops, and a newer one goes on (O9)", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const run = new Run(seed);
    const { cluster } = run;
    for (const id of cluster.ids) run.newer.add(id);
    await run.begin();
    await cluster.sleep(5000);
    assertEquals((await run.grant()).type, "done");
    const victim = run.random.pick([1, 2, 3, 4]);
    run.newer.delete(victim);
    let stopped: unknown = null;
    try {
      await run.restart(victim);
      for (let count = 0; count < 20; count++) {
        await run.put();
        await cluster.sleep(300);
      }
    } catch (error) {
      stopped = error;
    }
    const cause = stopped instanceof Error ? stopped.cause ?? stopped : stopped;
    assert(cause instanceof NeedsUpgrade, `seed ${seed}: ${stopped}`);
  }
});
