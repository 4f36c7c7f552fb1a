/**
 * One run of the key/value swarm: a cluster as the seed plans it, clerks that read and write a few
 * keys while everything that can fail does, then a heal after which every clerk must be served. What
 * the clerks saw must be linearizable; a put that was refused for certain must never be seen.
 *
 * @module
 */

import { Clerk } from "../../kv/mod.ts";
import { Chaos } from "./chaos.ts";
import { type KvInput, kvModel, type KvOutput } from "./kv_model.ts";
import { check, type Operation, type Verdict } from "./linearizability.ts";
import { SeededRandom } from "./seeded_random.ts";
import { SimServiceCluster } from "./sim_service_cluster.ts";
import { planSwarm, type SwarmPlan } from "./swarm_plan.ts";

/** One run of one seed. */
export interface KvSwarmResult {
  readonly seed: number;
  /** What went wrong; empty when all is well. */
  readonly failure: string;
  readonly verdict: Verdict | null;
  readonly operations: number;
  /** Operations whose outcome their clerk could not tell. */
  readonly unknown: number;
  /** Puts that their clerk knew to be refused for lack of a leader. */
  readonly unavailable: number;
  readonly virtualMs: number;
  readonly history: readonly Operation<KvInput, KvOutput>[];
}

/** After the heal everybody is served within this time. */
const RECOVERY_MS_MAX = 60_000;
const CHECK_MS = 10_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Runs one seed from beginning to end. */
export async function runKvSwarm(seed: number): Promise<KvSwarmResult> {
  const run = new KvSwarmRun(planSwarm(seed));
  return await run.run();
}

class KvSwarmRun {
  readonly #plan: SwarmPlan;
  readonly #random: SeededRandom;
  readonly #cluster: SimServiceCluster;
  readonly #history: Operation<KvInput, KvOutput>[] = [];
  readonly #keys: number;
  #isOver = false;
  #unknown = 0;
  #unavailable = 0;

  constructor(plan: SwarmPlan) {
    this.#plan = plan;
    this.#random = new SeededRandom(plan.seed, "kv swarm");
    const { profile } = plan.raft;
    const logBytesMax = this.#random.pick([null, 0, 100, 1000]);
    this.#keys = this.#random.between(1, 4);
    this.#cluster = new SimServiceCluster({ ...plan, machine: "kv", profile, logBytesMax });
  }

  async run(): Promise<KvSwarmResult> {
    const cluster = this.#cluster;
    let failure = "";
    let verdict: Verdict | null = null;
    try {
      await this.#play();
      await cluster.verify();
      verdict = this.#check();
    } catch (error) {
      failure = error instanceof Error ? error.stack ?? error.message : String(error);
    }
    await cluster.close();
    return {
      seed: this.#plan.seed,
      failure,
      verdict,
      operations: this.#history.length,
      unknown: this.#unknown,
      unavailable: this.#unavailable,
      virtualMs: cluster.now(),
      history: this.#history,
    };
  }

  async #play(): Promise<void> {
    const cluster = this.#cluster;
    for (const id of cluster.ids) await cluster.start(id);
    const chaos = new Chaos(cluster, this.#plan, this.#random.fork("chaos"));
    const clients = Array.from({ length: this.#random.between(2, 8) }, (_, number) => number);
    const all = Promise.all(clients.map((number) => this.#client(number)));
    // Looked at only at the end; until then a failure must not end the process.
    all.catch(() => undefined);
    chaos.begin();
    await cluster.sleep(this.#plan.safetyMs);
    chaos.end();
    this.#isOver = true;
    const healed = cluster.now();
    await cluster.clock.wait(all);
    const recoveryMs = cluster.now() - healed;
    if (recoveryMs > RECOVERY_MS_MAX) {
      throw new Error(`After the heal the clients needed ${recoveryMs} ms`);
    }
  }

  /** Reads and writes until the end of trouble, then once more, which must succeed. */
  async #client(number: number): Promise<void> {
    const cluster = this.#cluster;
    const random = this.#random.fork(`client ${number}`);
    const clerk = new Clerk({
      servers: random.shuffle(cluster.ids),
      call: (id, request, deadline) => cluster.call(id, request, deadline),
      clock: cluster.clientClock,
      random: random.next,
      attemptMs: random.pick([50, 200, 1000]),
    });
    const thinkMs = random.pick([1, 20, 200]);
    const versions = new Map<string, number>();
    for (let count = 0; !this.#isOver; count++) {
      const key = `k${random.below(this.#keys)}`;
      const timeoutMs = random.pick([100, 1000, 5000]);
      if (random.chance(0.5)) {
        await this.#get(clerk, { number, key, timeoutMs, versions });
      } else {
        const value = `${number}.${count}`;
        await this.#put(clerk, { number, key, value, timeoutMs, versions });
      }
      await cluster.sleep(random.range(0, thinkMs));
    }
    const timeoutMs = RECOVERY_MS_MAX;
    const isServed = await this.#get(clerk, { number, key: "k0", timeoutMs, versions });
    if (!isServed) throw new Error(`After the heal client ${number} is not served`);
  }

  async #get(
    clerk: Clerk,
    { number, key, timeoutMs, versions }: {
      number: number;
      key: string;
      timeoutMs: number;
      versions: Map<string, number>;
    },
  ): Promise<boolean> {
    const call = this.#cluster.now();
    const found = await clerk.get(key, { timeoutMs });
    if (found.type === "refused") throw new Error("A server refused a get");
    if (found.type === "unavailable") return false;
    const isFound = found.type === "value";
    const version = isFound ? found.version : 0;
    versions.set(key, version);
    this.#log(number, {
      call,
      input: { op: "get", key },
      output: {
        op: "get",
        error: isFound ? "OK" : "ErrNoKey",
        value: isFound ? decoder.decode(found.value) : "",
        version,
      },
    });
    return true;
  }

  async #put(
    clerk: Clerk,
    { number, key, value, timeoutMs, versions }: {
      number: number;
      key: string;
      value: string;
      timeoutMs: number;
      versions: Map<string, number>;
    },
  ): Promise<void> {
    const call = this.#cluster.now();
    const version = versions.get(key) ?? 0;
    const input: KvInput = { op: "put", key, value, version };
    const result = await clerk.put(key, encoder.encode(value), { version, timeoutMs });
    const log = (error: Extract<KvOutput, { op: "put" }>["error"]) =>
      this.#log(number, { call, input, output: { op: "put", error } });
    switch (result) {
      case "stored":
        versions.set(key, version + 1);
        return log("OK");
      case "noKey":
        return log("ErrNoKey");
      case "wrongVersion":
        return log("ErrVersion");
      case "refused":
        throw new Error("A server refused a put");
      case "unavailable":
        // Not in the history: whoever reads its value then reads what nobody wrote.
        this.#unavailable++;
        return;
      case "maybe":
        this.#unknown++;
        if (this.#cluster.now() < call + timeoutMs) return log("ErrMaybe");
        this.#history.push({ client: number, call, return: null, input, output: null });
    }
  }

  #log(
    client: number,
    { call, input, output }: { call: number; input: KvInput; output: KvOutput },
  ): void {
    this.#history.push({ client, call, return: this.#cluster.now(), input, output });
  }

  #check(): Verdict {
    const deadline = performance.now() + CHECK_MS;
    const options = { now: () => performance.now(), deadline };
    const { verdict, failure } = check(kvModel, this.#history, options);
    if (verdict !== "illegal") return verdict;
    const lines = (failure?.operations ?? []).map((place) => {
      const { client, call, return: end, input, output } = this.#history[place]!;
      const times = `${call.toFixed(2)} .. ${end?.toFixed(2) ?? "?"}`;
      return `[${times}] client ${client}: ${kvModel.describe(input, output)}`;
    });
    throw new Error(["history is not linearizable", ...lines].join("\n"));
  }
}
