/**
 * `deno task bench:etcd [SECONDS]`: puts and linearizable gets of three durable nodes on this machine,
 * ours and etcd's in turn, each under its own load tool: `kontiki bench` and etcd's `benchmark`.
 *
 * Needs `etcd`, `etcdctl` and `benchmark` (in etcd's tree under `tools/benchmark`) on the path, and
 * says so where they are not. Everything listens on 127.0.0.1 and is stopped at the end.
 *
 * @module
 */

import { freePort } from "../cli/cluster/mod.ts";
import {
  type Column,
  countText,
  formatCount,
  formatDuration,
  formatTable,
} from "../cli/table/mod.ts";
import { selfCommand } from "../cli/table/mod.ts";

/** How many clients ask at the same time, over how many connections. */
const LOADS = [
  { clients: 1, connections: 1 },
  { clients: 100, connections: 100 },
  { clients: 1000, connections: 100 },
];
const VALUE_BYTES = 256;
const PROGRAMS = ["etcd", "etcdctl", "benchmark"];

/** One phase of one store. */
interface Figures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Both phases of one load. */
interface Measured {
  readonly put: Figures;
  readonly get: Figures;
  /** The most that one node took. */
  readonly memoryBytes: number;
}

type Load = typeof LOADS[number];

/** Three etcd nodes with folders of their own. */
class EtcdCluster {
  readonly #folder = Deno.makeTempDirSync({ prefix: "kontiki-bench-etcd-" });
  readonly #nodes: Deno.ChildProcess[] = [];
  readonly endpoints: string;

  constructor() {
    const ports = [1, 2, 3].map(() => ({ client: freePort(), peer: freePort() }));
    const url = (port: number): string => `http://127.0.0.1:${port}`;
    const cluster = ports.map(({ peer }, at) => `n${at}=${url(peer)}`).join(",");
    this.endpoints = ports.map(({ client }) => `127.0.0.1:${client}`).join(",");
    for (const [at, { client, peer }] of ports.entries()) {
      const flags = {
        "name": `n${at}`,
        "data-dir": `${this.#folder}/${at}`,
        "log-level": "error",
        "listen-client-urls": url(client),
        "advertise-client-urls": url(client),
        "listen-peer-urls": url(peer),
        "initial-advertise-peer-urls": url(peer),
        "initial-cluster": cluster,
        "initial-cluster-state": "new",
      };
      const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
      const stdio = { stdin: "null", stdout: "null", stderr: "null" } as const;
      this.#nodes.push(new Deno.Command("etcd", { args, ...stdio }).spawn());
    }
  }

  /** Resolves when it serves. */
  async untilServing(): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt++) {
      const args = ["--endpoints", this.endpoints, "endpoint", "health"];
      if ((await new Deno.Command("etcdctl", { args, stderr: "null" }).output()).success) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error("etcd does not serve within 20 s");
  }

  async measure(load: Load, operations: number): Promise<Measured> {
    const { clients, connections } = load;
    const common = ["--endpoints", this.endpoints, "--target-leader"];
    const who = [`--conns=${connections}`, `--clients=${clients}`];
    const total = `--total=${operations}`;
    const keys = ["--key-size=16", "--sequential-keys", "--key-space-size=1000"];
    const put = ["put", ...keys, total, `--val-size=${VALUE_BYTES}`];
    const value = "x".repeat(VALUE_BYTES);
    const written = figuresOf(await output("benchmark", [...common, ...who, ...put]));
    await output("etcdctl", ["--endpoints", this.endpoints, "put", "known", value]);
    const get = figuresOf(await output("benchmark", [...common, ...who, "range", "known", total]));
    return { put: written, get, memoryBytes: Math.max(...this.#nodes.map(peakMemory)) };
  }

  async stop(): Promise<void> {
    for (const node of this.#nodes) node.kill("SIGKILL");
    await Promise.all(this.#nodes.map((node) => node.status));
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** What `kontiki bench --json` prints, as far as it is used here. */
interface BenchReport {
  readonly phases: readonly {
    readonly kind: "put" | "get";
    readonly perSecond: number;
    readonly ms: { readonly p50: number; readonly p99: number; readonly max: number };
    readonly nodes: readonly { readonly memoryBytesMax: number }[];
  }[];
}

async function measureKontiki({ clients, connections }: Load, seconds: number): Promise<Measured> {
  const [program = "", ...args] = selfCommand();
  const load = [`--clients=${clients}`, `--connections=${connections}`];
  const rest = [`--duration=${seconds}s`, `--value-bytes=${VALUE_BYTES}`, "--json"];
  const text = await output(program, [...args, "bench", ...load, ...rest]);
  const { phases } = JSON.parse(text) as BenchReport;
  const figures = (wanted: "put" | "get"): Figures => {
    const { perSecond, ms } = phases.find(({ kind }) => kind === wanted)!;
    return { perSecond, p50: ms.p50, p99: ms.p99, max: ms.max };
  };
  const memory = phases.flatMap(({ nodes }) => nodes.map(({ memoryBytesMax }) => memoryBytesMax));
  return { put: figures("put"), get: figures("get"), memoryBytes: Math.max(...memory) };
}

/** Reads the summary that etcd's load tool prints. */
function figuresOf(text: string): Figures {
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? NaN);
  return {
    perSecond: number(/Requests\/sec:\s+([\d.]+)/),
    p50: 1000 * number(/50% in ([\d.]+) secs/),
    p99: 1000 * number(/99% in ([\d.]+) secs/),
    max: 1000 * number(/Slowest:\s+([\d.]+) secs/),
  };
}

function peakMemory({ pid }: Deno.ChildProcess): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return 1024 * Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? NaN);
}

async function output(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  const text = new TextDecoder().decode(stdout);
  if (success) return text;
  throw new Error(`${program} ${args[0]} failed: ${new TextDecoder().decode(stderr)}${text}`);
}

/** The programs that are not on the path. */
async function missingPrograms(): Promise<string[]> {
  const missing: string[] = [];
  for (const program of PROGRAMS) {
    try {
      await new Deno.Command(program, { args: ["--help"], stdout: "null", stderr: "null" })
        .output();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      missing.push(program);
    }
  }
  return missing;
}

const COLUMNS: readonly Column[] = [
  { title: "load" },
  ...["kontiki", "etcd", "ratio", "p50", "p50 etcd", "p99", "p99 etcd", "max", "max etcd"].map(
    (title) => ({ title, align: "right" as const }),
  ),
];

function row(title: string, ours: Figures, theirs: Figures): string[] {
  return [
    title,
    `${formatCount(Math.round(ours.perSecond))}/s`,
    `${formatCount(Math.round(theirs.perSecond))}/s`,
    (ours.perSecond / theirs.perSecond).toFixed(1),
    ...[ours.p50, theirs.p50, ours.p99, theirs.p99, ours.max, theirs.max].map(formatDuration),
  ];
}

async function main(seconds: number): Promise<void> {
  const missing = await missingPrograms();
  if (missing.length > 0) {
    console.error(
      `Cannot compare with etcd: wanted ${PROGRAMS.join(", ")} on the path, got no ` +
        `${missing.join(", ")}. "benchmark" is etcd's own load tool, tools/benchmark in its tree.`,
    );
    Deno.exit(2);
  }
  const etcd = new EtcdCluster();
  try {
    await etcd.untilServing();
    const rows: string[][] = [];
    const memory = { ours: 0, theirs: 0 };
    for (const load of LOADS) {
      console.error(`${countText(load.clients, "client")} …`);
      const ours = await measureKontiki(load, seconds);
      // About as long as ours: etcd's tool counts operations, not seconds.
      const operations = Math.ceil(seconds * (load.clients === 1 ? 500 : 15_000));
      const theirs = await etcd.measure(load, operations);
      rows.push(row(`put, ${countText(load.clients, "client")}`, ours.put, theirs.put));
      rows.push(row(`get, ${countText(load.clients, "client")}`, ours.get, theirs.get));
      memory.ours = Math.max(memory.ours, ours.memoryBytes);
      memory.theirs = Math.max(memory.theirs, theirs.memoryBytes);
    }
    for (const line of formatTable(COLUMNS, rows)) console.log(line);
    const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
    console.log(
      `memory of a node at most: kontiki ${mebibytes(memory.ours)} MiB, ` +
        `etcd ${mebibytes(memory.theirs)} MiB`,
    );
  } finally {
    await etcd.stop();
  }
}

const seconds = Number(Deno.args[0] ?? 5);
if (!(seconds > 0) || Deno.args.length > 1) {
  console.error(`Cannot compare with etcd: wanted [SECONDS], got ${Deno.args.join(" ")}`);
  Deno.exit(2);
}
await main(seconds);
