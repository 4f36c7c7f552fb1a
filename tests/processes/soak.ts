/**
 * A soak: clerks use a cluster of real processes under all faults for a given time. The time is
 * divided into epochs with their own keys, so that each history can be checked and released; at the
 * end every key is read again and must not be older than its last acknowledged write.
 *
 * Invariants: a soak succeeds only if every history is linearizable and contains a completed
 * operation; all faults are removed when it ends; its memory grows only by a few numbers for each
 * second and key.
 *
 * @module
 */

import { Clerk } from "../../kv/mod.ts";
import { type Annotation, checkInWorker, type KvInput, type KvOutput } from "../checker/mod.ts";
import { KvRecorder, RandomBatches, StoreRecorder } from "../recorder/mod.ts";
import type { CheckResult, Operation, Verdict } from "../checker/search/mod.ts";
import { ProcessServiceCluster } from "./process_service_cluster.ts";
import { SeededRandom } from "../sim/mod.ts";
import { SoakFaults } from "./soak_faults.ts";

/** Options of {@linkcode runSoak}. */
export interface SoakOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly nodes: number;
  readonly clients: number;
  /** Keys that are there before the first fault. @default {0} */
  readonly preload?: number;
  /** Receives a line after every epoch. */
  readonly print: (line: string) => void;
  /** Receives every history that is not linearizable, with the faults during it. */
  readonly illegal: (epoch: SoakEpoch) => Promise<void>;
}

/** The history of one epoch and its verdict. */
export interface SoakEpoch {
  readonly number: number;
  readonly history: readonly Operation<KvInput, KvOutput>[];
  readonly annotations: readonly Annotation[];
  readonly result: CheckResult;
}

/** Operations of one second. */
export interface SoakSecond {
  done: number;
  unknown: number;
  /** Latencies of the completed operations, sorted at the end of the soak. */
  readonly latenciesMs: number[];
}

/** The largest size of a node at a moment, in bytes; `null`: no node answered. */
export interface SoakSample {
  readonly atMs: number;
  readonly memoryBytesMax: number | null;
  readonly diskBytesMax: number | null;
}

/** The result of a soak. */
export interface SoakResult {
  readonly options: Pick<SoakOptions, "seed" | "durationMs" | "nodes" | "clients">;
  readonly operations: number;
  readonly unknown: number;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** Keys whose last acknowledged value was not found at the end. */
  readonly lost: number;
  readonly keys: number;
  /** Any other failure. */
  readonly failure: string | null;
  readonly seconds: readonly SoakSecond[];
  readonly samples: readonly SoakSample[];
  /** Times are milliseconds since the beginning, as for the seconds. */
  readonly annotations: readonly Annotation[];
}

interface Known {
  readonly value: string;
  readonly version: number;
}

const EPOCH_MS = 10_000;
const EPOCH_KEYS = 20;
const TIMEOUT_MS = 3_000;
/** Once all faults are removed, every client must be served within this time. */
const RECOVERY_MS = 60_000;
const THINK_MS = { least: 50, most: 150 };
const SAMPLE_MS = 2_000;
const CHECK_MS = 20_000;
/** Small, so that a short soak takes many snapshots. */
const SNAPSHOT_BYTES = 256 * 1024;
/** The memory limit of one node, however long the soak. */
const MEMORY_BYTES_MAX = 512 * 1024 * 1024;
const DISK_BYTES_MAX = 64 * 1024 * 1024;
/** With keys that are loaded before, tables are written as often as in use. */
const PRELOADED_SNAPSHOT_BYTES = 32 * 1024 * 1024;
/** Keys that one batch loads, the bytes of their values, and what each may take on the disk. */
const PRELOAD = { keys: 200, valueBytes: 100, diskBytes: 400 };

const decoder = new TextDecoder();

/** Whether there was no failure, and at least one completed operation. */
export function isWell({ verdicts, lost, failure }: SoakResult): boolean {
  return failure === null && lost === 0 && verdicts.illegal === 0 && verdicts.unknown === 0;
}

/** Runs a soak. */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  return await new Soak(options).run();
}

class Soak {
  readonly #options: SoakOptions;
  readonly #random: SeededRandom;
  readonly #cluster: ProcessServiceCluster;
  readonly #faults: SoakFaults;
  readonly #clerks: readonly Clerk[];
  readonly #seconds: SoakSecond[] = [];
  readonly #samples: SoakSample[] = [];
  readonly #known = new Map<string, Known>();
  readonly #batches: StoreRecorder;
  readonly #verdicts: Record<Verdict, number> = { ok: 0, illegal: 0, unknown: 0 };
  #startedAt = 0;
  #operations = 0;
  #unknown = 0;
  #isOver = false;

  constructor(options: SoakOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed, "soak");
    this.#cluster = new ProcessServiceCluster({
      seed: options.seed,
      nodes: options.nodes,
      machine: "kv",
      args: [
        "--snapshot-after",
        String(options.preload === undefined ? SNAPSHOT_BYTES : PRELOADED_SNAPSHOT_BYTES),
      ],
    });
    this.#faults = new SoakFaults(this.#cluster, this.#random.fork("faults"));
    this.#clerks = Array.from({ length: options.clients }, (_, number) => this.#clerk(number));
    this.#batches = new StoreRecorder(() => this.#cluster.now());
  }

  async run(): Promise<SoakResult> {
    let failure: string | null = null;
    let lost = 0;
    try {
      lost = await this.#play();
      await this.#cluster.verify();
    } catch (error) {
      failure = error instanceof Error ? error.stack ?? error.message : String(error);
    } finally {
      this.#isOver = true;
      await this.#cluster.close();
    }
    const { seed, durationMs, nodes, clients } = this.#options;
    for (const { latenciesMs } of this.#seconds) latenciesMs.sort((a, b) => a - b);
    return {
      options: { seed, durationMs, nodes, clients },
      operations: this.#operations,
      unknown: this.#unknown,
      verdicts: this.#verdicts,
      lost,
      keys: this.#known.size,
      failure,
      seconds: this.#seconds,
      samples: this.#samples,
      annotations: this.#faults.annotations.map((annotation) => this.#shift(annotation)),
    };
  }

  async #play(): Promise<number> {
    const cluster = this.#cluster;
    for (const id of cluster.ids) await cluster.start(id);
    await this.#preload();
    this.#startedAt = cluster.now();
    const sampling = this.#sampleOften();
    this.#faults.begin();
    const end = this.#startedAt + this.#options.durationMs;
    const batching = Promise.all([0, 1].map((client) => this.#batchClient(client, end)));
    // Awaited at the end; until then a failure must not end the process as unhandled.
    batching.catch(() => undefined);
    try {
      for (let epoch = 1; cluster.now() < end; epoch++) await this.#epoch(epoch, end);
    } finally {
      await this.#faults.end();
    }
    await this.#serveAll();
    await batching;
    await this.#batches.judge(this.#clerks[0]!, { timeoutMs: RECOVERY_MS, endings: [] });
    this.#options.print(`${this.#batches.history.length} batches: strictly serializable`);
    const lost = await this.#readAll();
    if (this.#operations === this.#unknown) throw new Error("No operation was ever answered");
    this.#isOver = true;
    await sampling;
    this.#checkBounds();
    return lost;
  }

  /** Loads keys that nobody changes: every flush, merge and image has them. */
  async #preload(): Promise<void> {
    const { preload = 0, print } = this.#options;
    let next = 0;
    const run = async (clerk: Clerk): Promise<void> => {
      while (next < preload) {
        const first = next;
        next += PRELOAD.keys;
        const then = Array.from({ length: Math.min(PRELOAD.keys, preload - first) }, (_, at) => ({
          op: "put" as const,
          key: `loaded ${(first + at) * 2_654_435_761 % 4_294_967_291}`,
          value: new Uint8Array(PRELOAD.valueBytes),
        }));
        const batch = { checks: [], then, otherwise: [], at: 0 };
        // Keys that are written twice are as good.
        while ((await clerk.batch(batch, { timeoutMs: RECOVERY_MS })).type !== "done");
      }
    };
    await Promise.all(this.#clerks.slice(0, 8).map(run));
    if (preload > 0) print(`${preload} keys were loaded`);
  }

  #checkBounds(): void {
    const diskMax = DISK_BYTES_MAX + PRELOAD.diskBytes * (this.#options.preload ?? 0);
    for (const { atMs, memoryBytesMax, diskBytesMax } of this.#samples) {
      if (memoryBytesMax === null || diskBytesMax === null) continue;
      if (memoryBytesMax <= MEMORY_BYTES_MAX && diskBytesMax <= diskMax) continue;
      throw new Error(
        `After ${Math.round(atMs / 1000)} s a node held ${memoryBytesMax} bytes of memory ` +
          `and ${diskBytesMax} of disk`,
      );
    }
  }

  async #epoch(number: number, endOfAll: number): Promise<void> {
    const recorder = new KvRecorder(() => this.#cluster.now());
    const { history } = recorder;
    const begin = this.#cluster.now();
    const end = Math.min(endOfAll, begin + EPOCH_MS);
    await Promise.all(
      this.#clerks.map((_clerk, client) => this.#client({ client, number, end, recorder })),
    );
    const result = await checkInWorker({ model: "kv", history, deadlineMs: CHECK_MS });
    this.#verdicts[result.verdict]++;
    this.#remember(history);
    const isOpen = ({ output }: typeof history[number]) =>
      (output?.error ?? "ErrMaybe") === "ErrMaybe";
    const unknown = history.filter(isOpen).length;
    this.#options.print(
      `epoch ${number}: ${history.length} operations, ${unknown} unknown: ${result.verdict}`,
    );
    if (result.verdict !== "illegal") return;
    const annotations = this.#faults.annotations.filter((one) => (one.end ?? Infinity) >= begin);
    await this.#options.illegal({ number, history, annotations, result });
  }

  async #client(
    { client, number, end, recorder }: {
      client: number;
      number: number;
      end: number;
      recorder: KvRecorder;
    },
  ): Promise<void> {
    const random = this.#random.fork(`client ${client} in ${number}`);
    const versions = new Map<string, number>();
    for (let count = 0; this.#cluster.now() < end; count++) {
      const key = `${number}.${random.below(EPOCH_KEYS)}`;
      const input: KvInput = random.chance(0.5) ? { op: "get", key } : {
        op: "put",
        key,
        value: `${client}.${count}`,
        version: versions.get(key) ?? 0,
      };
      const call = this.#cluster.now();
      const clerk = this.#clerks[client]!;
      const output = await recorder.execute(input, { clerk, client, timeoutMs: TIMEOUT_MS });
      if (output !== "never") {
        this.#count(call, output !== null && output.error !== "ErrMaybe");
        if (output?.op === "get") versions.set(key, output.version);
      }
      await this.#cluster.sleep(random.range(THINK_MS.least, THINK_MS.most));
    }
  }

  /** Sends batches of every operation on keys of their own, one client with a session. */
  async #batchClient(client: number, end: number): Promise<void> {
    const random = this.#random.fork(`batches ${client}`);
    const batches = new RandomBatches(random, { prefix: "s", keys: 5, hasEnds: false });
    const clerk = this.#clerk(this.#clerks.length + client, client === 0);
    while (this.#cluster.now() < end) {
      const batch = batches.next();
      const act = { clerk, client, timeoutMs: TIMEOUT_MS };
      batches.learn(batch, await this.#batches.execute(batch, act));
      await this.#cluster.sleep(random.range(THINK_MS.least, THINK_MS.most));
    }
  }

  /** Remembers the newest acknowledged version of each key; later reads must not be older. */
  #remember(history: readonly Operation<KvInput, KvOutput>[]): void {
    for (const { input, output } of history) {
      if (output === null || output.error !== "OK") continue;
      const known = input.op === "put"
        ? { value: input.value, version: input.version + 1 }
        : output.op === "get"
        ? { value: output.value, version: output.version }
        : null;
      if (known === null) continue;
      const before = this.#known.get(input.key);
      if (before === undefined || before.version < known.version) this.#known.set(input.key, known);
    }
  }

  /** Waits until every client has been served after all faults are removed. */
  async #serveAll(): Promise<void> {
    const ends = this.#clerks.map((clerk) => clerk.get("end", { timeoutMs: RECOVERY_MS }));
    for (const [client, { type }] of (await Promise.all(ends)).entries()) {
      if (type === "noKey") continue;
      throw new Error(`After all trouble client ${client} got ${type} for an absent key`);
    }
  }

  /** Reads every key of every epoch; returns how many are older than acknowledged or changed. */
  async #readAll(): Promise<number> {
    const clerk = this.#clerks[0]!;
    let lost = 0;
    for (const [key, { value, version }] of this.#known) {
      const found = await clerk.get(key, { timeoutMs: RECOVERY_MS });
      if (found.type === "unavailable") throw new Error(`Nobody answered for ${key} at the end`);
      const isRight = found.type === "value" && (found.version > version ||
        (found.version === version && decoder.decode(found.value) === value));
      if (isRight) continue;
      lost++;
      this.#options.print(`lost: ${key} was ${value} v${version}, is ${JSON.stringify(found)}`);
    }
    return lost;
  }

  async #sampleOften(): Promise<void> {
    const cluster = this.#cluster;
    while (!this.#isOver) {
      let memoryBytesMax: number | null = null;
      let diskBytesMax: number | null = null;
      for (const id of cluster.ids) {
        const report = await cluster.report(id);
        if (report === null) continue;
        memoryBytesMax = Math.max(memoryBytesMax ?? 0, report.memoryBytes);
        diskBytesMax = Math.max(diskBytesMax ?? 0, report.diskBytes);
      }
      const atMs = cluster.now() - this.#startedAt;
      this.#samples.push({ atMs, memoryBytesMax, diskBytesMax });
      await cluster.sleep(SAMPLE_MS);
    }
  }

  #count(call: number, isKnown: boolean): void {
    const now = this.#cluster.now();
    const place = Math.floor((now - this.#startedAt) / 1000);
    while (this.#seconds.length <= place) {
      this.#seconds.push({ done: 0, unknown: 0, latenciesMs: [] });
    }
    const second = this.#seconds[place]!;
    this.#operations++;
    if (isKnown) {
      second.done++;
      second.latenciesMs.push(Math.round((now - call) * 10) / 10);
    } else {
      second.unknown++;
      this.#unknown++;
    }
  }

  #shift({ start, end, ...rest }: Annotation): Annotation {
    return {
      ...rest,
      start: start - this.#startedAt,
      end: end === null ? null : end - this.#startedAt,
    };
  }

  #clerk(number: number, sessions = false): Clerk {
    const cluster = this.#cluster;
    return new Clerk({
      servers: this.#random.fork(`order ${number}`).shuffle(cluster.ids),
      call: (id, request, deadline) => cluster.call(id, request, deadline),
      clock: cluster.clientClock,
      sessions,
      random: this.#random.fork(`clerk ${number}`).next,
    });
  }
}
