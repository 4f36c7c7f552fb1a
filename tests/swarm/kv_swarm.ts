/**
 * One run of the key/value swarm: a cluster as planned by the seed, clerks that read and write a
 * few keys, send batches of all operations and take turns in holding a lock under all faults, then a
 * heal after which every clerk must be served. The histories must be linearizable; a put that was
 * certainly refused must never be read. Watches see meanwhile exactly what a replay of the log makes.
 *
 * @module
 */

import { Clerk, type OperationName, type ReadOptions, Watcher } from "../../kv/mod.ts";
import { Chaos } from "./chaos.ts";
import type { KvInput, KvOutput } from "../checker/mod.ts";
import {
  type Act,
  KvRecorder,
  RandomBatches,
  RandomLocks,
  StoreRecorder,
} from "../recorder/mod.ts";
import type { Operation, Verdict } from "../checker/search/mod.ts";
import {
  SeededRandom,
  SimServiceCluster,
  type TableSizes,
  Trace,
  type TraceEvent,
} from "../sim/mod.ts";
import { KvWatching } from "./kv_watching.ts";
import { planSwarm, type SwarmPlan } from "./swarm_plan.ts";

/** The result of one seed. */
export interface KvSwarmResult {
  readonly seed: number;
  /** The failure; empty when there was none. */
  readonly failure: string;
  readonly verdict: Verdict | null;
  readonly operations: number;
  /** Batches on several keys, beside them. */
  readonly batches: number;
  /** Operations with an unknown outcome. */
  readonly unknown: number;
  /** Puts that were certainly refused for lack of a leader. */
  readonly unavailable: number;
  readonly virtualMs: number;
  /** Groups of changes that watches saw. */
  readonly seen: number;
  /** Entries of the log that were committed. */
  readonly committed: number;
  /** What happened how often: operations of batches that were answered, faults, and more. */
  readonly counts: SwarmCounts;
  readonly history: readonly Operation<KvInput, KvOutput>[];
}

/** Counts of one run. */
export interface SwarmCounts {
  /** The operations in batches that were executed, by name. */
  readonly operations: Readonly<Record<string, number>>;
  /** The faults, by kind; `members`: changes of members that were committed. */
  readonly faults: Readonly<Record<string, number>>;
  /** Batches in a session, reads at an older revision, locks that were taken, watches that began anew. */
  readonly others: Readonly<Record<"numbered" | "past" | "locks" | "compacted", number>>;
}

/** After the heal every clerk must be served within this time. */
const RECOVERY_MS_MAX = 60_000;
const CHECK_MS = 10_000;
/** Longer runs find no more than as many seeds as fit into the same time. */
const SAFETY_MS_MAX = 20_000;

/** Options of {@linkcode runKvSwarm}. */
export interface KvSwarmOptions {
  /** Receives every event of the trace. */
  readonly take?: (atMs: number, event: TraceEvent) => void;
  /** Changes the history before it is judged: the failure that a test plants. */
  readonly spoil?: (history: Operation<KvInput, KvOutput>[]) => void;
}

/** Runs one seed. */
export async function runKvSwarm(
  seed: number,
  options: KvSwarmOptions = {},
): Promise<KvSwarmResult> {
  const run = new KvSwarmRun(planSwarm(seed), options);
  return await run.run();
}

/** Sizes of tables that make a flush or merge of every few writes; `null`: the store is in memory. */
function planTables(random: SeededRandom): TableSizes | null {
  if (random.chance(0.3)) return null;
  return {
    memoryBytes: random.pick([500, 2000, 20_000]),
    tableBytes: random.pick([200, 1000]),
    level0Tables: random.between(1, 4),
    level1Bytes: random.pick([500, 5000]),
    cacheBytes: random.pick([0, 4096]),
  };
}

/** Room for older versions and for changes; little of it makes reads and watches come too late. */
function planHistory(random: SeededRandom) {
  const [bytes, watchBytes] = [
    random.pick([0, 0, 2000, 20_000]),
    random.pick([0, 0, 2000, 20_000]),
  ];
  return { ...bytes === 0 ? {} : { bytes }, ...watchBytes === 0 ? {} : { watchBytes } };
}

/** The least that messages of the log and of images hold, and that is under way. */
const ROOM = {
  appendEntriesMax: 5,
  appendBytesMax: 100,
  snapshotChunkBytes: 500,
  inFlightBytesMax: 2000,
};

/**
 * The limits of the swarm of Raft alone, without the smallest ones: the clients of the store write more
 * in a second than one entry in a round trip, and its images have some hundred KiB.
 */
function roomy(raft: SwarmPlan["raft"]): SwarmPlan["raft"] {
  const limits = Object.entries(ROOM).map(([name, least]) => {
    const limit = raft[name as keyof typeof ROOM];
    return limit === undefined ? {} : { [name]: Math.max(limit, least) };
  });
  return Object.assign({ ...raft }, ...limits);
}

/** Some reads go to any server, and some may see an older state. */
function randomRead(random: SeededRandom): Pick<ReadOptions, "stale" | "anyServer"> {
  if (random.chance(0.2)) return { stale: random.pick([20, 200, 1000]) };
  return { anyServer: random.chance(0.4) };
}

class KvSwarmRun {
  readonly #plan: SwarmPlan;
  readonly #options: KvSwarmOptions;
  readonly #random: SeededRandom;
  readonly #cluster: SimServiceCluster;
  readonly #recorder: KvRecorder;
  readonly #batches: StoreRecorder;
  readonly #keys: number;
  readonly #watching: KvWatching;
  readonly #locks: RandomLocks;
  readonly #chaos: Chaos;
  #numbered = 0;
  #isOver = false;
  #unknown = 0;
  #unavailable = 0;

  constructor(plan: SwarmPlan, options: KvSwarmOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#random = new SeededRandom(plan.seed, "kv swarm");
    const { profile, applyEntriesMax } = plan.raft;
    // A snapshot after every two entries on a slow disk takes longer than the clients' retries.
    const limits = applyEntriesMax === undefined ? [null, 0, 100, 1000] : [null, 1000];
    const logBytesMax = this.#random.pick(limits);
    this.#keys = this.#random.between(1, 4);
    const tables = planTables(this.#random.fork("tables"));
    const history = planHistory(this.#random.fork("history"));
    const { take } = options;
    const trace = new Trace(take === undefined ? {} : { take });
    const cluster = this.#cluster = new SimServiceCluster({
      trace,
      ...{ ...plan, machine: "kv", profile, logBytesMax, tables, history, raft: roomy(plan.raft) },
    });
    this.#chaos = new Chaos(cluster, plan, this.#random.fork("chaos"));
    this.#recorder = new KvRecorder(() => cluster.now());
    const recorder = this.#batches = new StoreRecorder(() => cluster.now());
    const clock = cluster.clientClock;
    const random = this.#random.fork("lock watches").next;
    this.#locks = new RandomLocks({
      ...{ recorder, clock, name: "turns", guarded: "guarded" },
      watch: (query) => {
        const { ids: servers, openWatch: open } = cluster;
        return new Watcher({ servers, open, clock, random, query });
      },
    });
    this.#watching = new KvWatching(this.#cluster, this.#random.fork("watching"), this.#keys);
  }

  async run(): Promise<KvSwarmResult> {
    const cluster = this.#cluster;
    let failure = "";
    let verdict: Verdict | null = null;
    try {
      await this.#play();
      await cluster.verify();
      this.#watching.verify();
      this.#options.spoil?.(this.#recorder.history);
      verdict = this.#recorder.judge(CHECK_MS);
    } catch (error) {
      failure = error instanceof Error ? error.stack ?? error.message : String(error);
      cluster.note(0, `FAILS: ${failure.split("\n")[0]}`);
    }
    await cluster.close();
    return {
      seed: this.#plan.seed,
      failure,
      verdict,
      operations: this.#recorder.history.length,
      batches: this.#batches.history.length,
      unknown: this.#unknown,
      unavailable: this.#unavailable,
      virtualMs: cluster.now(),
      seen: this.#watching.seen,
      committed: cluster.watcher.committed,
      counts: this.#counts(),
      history: this.#recorder.history,
    };
  }

  async #play(): Promise<void> {
    const cluster = this.#cluster;
    for (const id of cluster.ids) await cluster.start(id);
    const chaos = this.#chaos;
    const clients = Array.from({ length: this.#random.between(2, 8) }, (_, number) => number);
    const others = Array.from({ length: this.#random.between(1, 4) }, (_, number) => number);
    const all = Promise.all([
      ...clients.map((number) => this.#client(number)),
      ...others.map((number) => this.#batchClient(number)),
      ...[0, 1].map((number) => this.#lockClient(others.length + number)),
    ]);
    // Awaited only at the end; until then a failure must not end the process as unhandled.
    all.catch(() => undefined);
    const watching = this.#watching.run();
    watching.catch(() => undefined);
    chaos.begin();
    await cluster.sleep(Math.min(this.#plan.safetyMs, SAFETY_MS_MAX));
    chaos.end();
    this.#isOver = true;
    const healed = cluster.now();
    await cluster.clock.wait(all);
    this.#watching.end();
    await cluster.clock.wait(watching);
    const recoveryMs = cluster.now() - healed;
    const endings = this.#watching.endings();
    const limits = { timeoutMs: RECOVERY_MS_MAX, endings };
    const marks = this.#batches.judge(this.#clerk(this.#random.fork("marks")), limits);
    await cluster.clock.wait(marks);
    if (recoveryMs > RECOVERY_MS_MAX) {
      throw new Error(`After the heal the clients needed ${recoveryMs} ms`);
    }
  }

  /** Sends batches on keys of their own until the faults end, then one more, which must succeed. */
  async #batchClient(client: number): Promise<void> {
    const cluster = this.#cluster;
    const random = this.#random.fork(`batches ${client}`);
    const hasSession = random.chance(0.5);
    const clerk = this.#clerk(random, hasSession);
    const batches = new RandomBatches(random.fork("batches"), {
      ...{ prefix: "s", keys: 5, hasEnds: true, locks: this.#locks.taken },
      wall: () => cluster.watcher.entryAt(cluster.watcher.committed)?.times.wall ?? 0,
    });
    const reads = random.fork("reads");
    const thinkMs = random.pick([5, 50, 500]);
    while (!this.#isOver) {
      const batch = batches.next();
      const timeoutMs = random.pick([100, 1000, 5000]);
      const act = { clerk, client, timeoutMs, read: randomRead(reads) };
      if (hasSession) this.#numbered++;
      batches.learn(batch, await this.#batches.execute(batch, act));
      await cluster.sleep(random.range(0, thinkMs));
    }
    const then = [{ op: "range", start: "s", end: null, limit: 1000 }] as const;
    const all = { checks: [], then: [{ ...then[0], reverse: false, show: "entries" }] } as const;
    const act = { clerk, client, timeoutMs: RECOVERY_MS_MAX };
    const last = await this.#batches.execute({ ...all, otherwise: [], at: 0 }, act);
    if (typeof last === "string") {
      throw new Error(`After the heal the batches of client ${client} are not served: ${last}`);
    }
  }

  /** Takes and loses the lock until the faults end, then once more, which must succeed. */
  async #lockClient(client: number): Promise<void> {
    const random = this.#random.fork(`lock ${client}`);
    const clerk = this.#clerk(random, true);
    while (!this.#isOver) {
      await this.#locks.use({ clerk, client, random }, random.pick([1000, 5000]));
      await this.#cluster.sleep(random.range(0, random.pick([50, 2000])));
    }
    if (!await this.#locks.use({ clerk, client, random }, RECOVERY_MS_MAX)) {
      throw new Error(`After the heal client ${client} does not get the lock`);
    }
  }

  #counts(): SwarmCounts {
    const operations: Record<string, number> = {};
    let past = 0;
    for (const { input, output } of this.#batches.history) {
      if (output === null || output === "invalid") continue;
      if (input.at > 0) past++;
      const done: readonly { readonly op: OperationName }[] = output.results;
      for (const { op } of done) operations[op] = (operations[op] ?? 0) + 1;
    }
    const faults = { ...this.#chaos.counts, members: this.#cluster.watcher.memberChanges };
    const { compacted } = this.#watching;
    const locks = this.#locks.taken.length;
    return { operations, faults, others: { numbered: this.#numbered, past, locks, compacted } };
  }

  #clerk(random: SeededRandom, sessions = false): Clerk {
    const cluster = this.#cluster;
    return new Clerk({
      servers: random.shuffle(cluster.ids),
      call: (id, request, deadline) => cluster.call(id, request, deadline),
      clock: cluster.clientClock,
      random: random.next,
      sessions,
      attemptMs: random.pick([50, 200, 1000]),
    });
  }

  /** Reads and writes until the faults end, then once more, which must succeed. */
  async #client(number: number): Promise<void> {
    const cluster = this.#cluster;
    const random = this.#random.fork(`client ${number}`);
    const clerk = this.#clerk(random);
    const thinkMs = random.pick([1, 20, 200]);
    const versions = new Map<string, number>();
    const reads = random.fork("reads");
    for (let count = 0; !this.#isOver; count++) {
      const key = `k${random.below(this.#keys)}`;
      const act = { clerk, client: number, timeoutMs: random.pick([100, 1000, 5000]) };
      const seen = versions.get(key) ?? 0;
      if (random.chance(0.5)) {
        const read = randomRead(reads);
        await this.#act({ op: "get", key }, { ...act, versions, read });
      } else {
        const isGuess = random.chance(0.1);
        const version = seen + (isGuess ? random.between(1, 3) : 0);
        const value = `${number}.${count}`;
        await this.#act({ op: "put", key, value, version }, { ...act, versions, isGuess });
      }
      await cluster.sleep(random.range(0, thinkMs));
    }
    const act = { clerk, client: number, timeoutMs: RECOVERY_MS_MAX, versions };
    const last = await this.#act({ op: "get", key: "k0" }, act);
    if (last === "never") throw new Error(`After the heal client ${number} is not served`);
  }

  async #act(
    input: KvInput,
    { versions, ...act }: Act & { readonly versions: Map<string, number> },
  ): Promise<KvOutput | null | "never"> {
    const output = await this.#recorder.execute(input, act);
    if (output === "never") {
      if (input.op === "put") this.#unavailable++;
    } else if (output === null || output.error === "ErrMaybe") this.#unknown++;
    else if (output.op === "get") versions.set(input.key, output.version);
    else if (input.op === "put" && output.error === "OK") {
      versions.set(input.key, input.version + 1);
    }
    return output;
  }
}
