/**
 * One run of counters that clients with sessions count up under all faults: crashes, cuts, members that
 * come and go, messages that are lost, doubled and late. Every increment is repeated until it is
 * answered. In the end the sums are exact, and no two increments got the same answer (C3).
 *
 * @module
 */

import { type BatchOutcome, Clerk } from "../../kv/mod.ts";
import { SeededRandom, SimServiceCluster, type TableSizes } from "../sim/mod.ts";
import { Chaos, planSwarm, type SwarmPlan } from "../swarm/mod.ts";

/** The result of one seed. */
export interface CountingResult {
  readonly seed: number;
  /** The failure; empty when there was none. */
  readonly failure: string;
  /** Increments that were acknowledged. */
  readonly increments: number;
  /** Requests that servers got for them. */
  readonly requests: number;
  readonly virtualMs: number;
}

/** After the heal every increment must be answered within this time. */
const RECOVERY_MS_MAX = 60_000;
const COUNTERS = 3;
/**
 * What waits for an answer at a time. Some seeds have room for one entry under way, and more repetitions
 * than such a cluster can execute would keep it from answering in time for ever.
 */
const CLERKS_MAX = 4;
const AT_ONCE_MAX = 2;

/** Runs one seed: clients count until the faults end, and at least so far. */
export async function runCounting(seed: number, increments: number): Promise<CountingResult> {
  const run = new CountingRun(planSwarm(seed), increments);
  return await run.run();
}

function planTables(random: SeededRandom): TableSizes | null {
  if (random.chance(0.3)) return null;
  const sizes = { tableBytes: random.pick([200, 1000]), level0Tables: random.between(1, 4) };
  return { ...sizes, memoryBytes: random.pick([500, 2000]), level1Bytes: 2000, cacheBytes: 4096 };
}

class CountingRun {
  readonly #plan: SwarmPlan;
  readonly #random: SeededRandom;
  readonly #cluster: SimServiceCluster;
  /** The answers of each counter. */
  readonly #answers = new Map<string, bigint[]>();
  #left: number;
  #done = 0;
  #requests = 0;

  constructor(plan: SwarmPlan, increments: number) {
    this.#plan = plan;
    this.#left = increments;
    const random = this.#random = new SeededRandom(plan.seed, "counting");
    const { profile, applyEntriesMax } = plan.raft;
    const limits = applyEntriesMax === undefined ? [null, 100, 1000] : [null, 1000];
    const tables = planTables(random.fork("tables"));
    const logBytesMax = random.pick(limits);
    this.#cluster = new SimServiceCluster({ ...plan, machine: "kv", profile, logBytesMax, tables });
  }

  async run(): Promise<CountingResult> {
    const cluster = this.#cluster;
    let failure = "";
    try {
      await this.#play();
      await cluster.verify();
    } catch (error) {
      failure = error instanceof Error ? error.stack ?? error.message : String(error);
    }
    await cluster.close();
    return {
      ...{ seed: this.#plan.seed, failure, increments: this.#done, requests: this.#requests },
      virtualMs: cluster.now(),
    };
  }

  async #play(): Promise<void> {
    const cluster = this.#cluster;
    for (const id of cluster.ids) await cluster.start(id);
    const chaos = new Chaos(cluster, this.#plan, this.#random.fork("chaos"));
    const clerks = Array.from({ length: this.#random.between(1, CLERKS_MAX) }, () => this.#clerk());
    const all = Promise.all(clerks.flatMap((clerk) => {
      const atOnce = this.#random.between(1, AT_ONCE_MAX);
      return Array.from({ length: atOnce }, () => this.#count(clerk));
    }));
    // Awaited only at the end; until then a failure must not end the process as unhandled.
    all.catch(() => undefined);
    chaos.begin();
    await cluster.sleep(this.#plan.safetyMs);
    chaos.end();
    await cluster.clock.wait(all);
    await this.#judge();
  }

  async #count(clerk: Clerk): Promise<void> {
    const thinkMs = this.#random.pick([1, 50, 500]);
    while (this.#left > 0) {
      this.#left--;
      const key = `c${this.#random.below(COUNTERS)}`;
      const done = await this.#increment(clerk, key);
      if (done.type === "full") this.#left++;
      else if (done.type !== "done") throw new Error(`An increment was not answered: ${done.type}`);
      else {
        const [result] = done.result.results;
        if (result?.op !== "add") throw new Error(`Wanted the answer of an addition`);
        const answers = this.#answers.get(key) ?? [];
        this.#answers.set(key, answers);
        answers.push(result.value);
        this.#done++;
      }
      await this.#cluster.sleep(this.#random.range(0, thinkMs));
    }
  }

  async #increment(clerk: Clerk, key: string): Promise<BatchOutcome> {
    const then = [{ op: "add", key, amount: 1n, overflow: "wrap" }] as const;
    const timeoutMs = this.#plan.safetyMs + RECOVERY_MS_MAX;
    return await clerk.batch({ checks: [], then, otherwise: [], at: 0 }, { timeoutMs });
  }

  /** The sum of each counter is the number of its increments, and their answers are all sums before. */
  async #judge(): Promise<void> {
    const clerk = this.#clerk();
    for (const [key, answers] of this.#answers) {
      const reading = clerk.get(key, { timeoutMs: RECOVERY_MS_MAX });
      const found = await this.#cluster.clock.wait(reading);
      if (found.type !== "value") throw new Error(`Cannot read ${key}: ${found.type}`);
      const sum = new DataView(found.value.slice().buffer).getBigUint64(0, true);
      if (sum !== BigInt(answers.length)) {
        throw new Error(`${key} is ${sum} after ${answers.length} acknowledged increments`);
      }
      answers.sort((one, other) => Number(one - other));
      const wrong = answers.find((answer, place) => answer !== BigInt(place + 1));
      if (wrong !== undefined) throw new Error(`${key} got the answer ${wrong} twice`);
    }
  }

  #clerk(): Clerk {
    const cluster = this.#cluster;
    const random = this.#random.fork(`clerk ${this.#random.next()}`);
    return new Clerk({
      servers: random.shuffle(cluster.ids),
      call: (id, request, deadline) => {
        this.#requests++;
        return cluster.call(id, request, deadline);
      },
      clock: cluster.clientClock,
      random: random.next,
      sessions: true,
      attemptMs: random.pick([200, 500, 2000]),
    });
  }
}
