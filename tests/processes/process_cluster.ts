/**
 * A {@linkcode Cluster} of real processes: each node a child process of the executable (or of
 * `deno run`), with real sockets on free ports and a real folder; faults over control sockets.
 *
 * Every node takes free ports when it starts and prints them; the others learn them over their control
 * sockets, so no port is ever reserved and lost to somebody else.
 *
 * Invariant: when the cluster is closed, or this process ends in whatever way, no node is left; and
 * no folder, unless it was to be kept or this process was killed.
 *
 * @module
 */

import { type CountingReport, selfCommand } from "../../cli/table/mod.ts";
import {
  type Address,
  ControlError,
  type Faults,
  noFaults,
  type WireValue,
} from "../../net/mod.ts";
import type { Index, NodeId, Position, Random, Status, Term } from "../../raft/mod.ts";
import type { Applied, Cluster, Machine, Traffic } from "../cluster/mod.ts";
import { lastLines, NodeProcess } from "../../cli/cluster/mod.ts";
import type { Usage } from "../lab/mod.ts";
import { SeededRandom } from "../sim/mod.ts";

/** Options of a cluster of processes. */
export interface ProcessClusterOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly machine: Machine;
  /** Program and first arguments that run `node`. @default {nodeCommand()} */
  readonly command?: readonly string[];
  /** More arguments for every node. */
  readonly args?: readonly string[];
  /** Where each node runs and listens. @default {here, on the loopback} */
  readonly place?: (id: NodeId) => Place;
}

/** A node's place in the network. */
export interface Place {
  readonly hostname: string;
  /** A program and arguments that run what follows there. */
  readonly prefix: readonly string[];
}

/** Clusters that must not outlive this process; while there are any, it listens for its end. */
const open = new Set<ProcessCluster>();
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM"];

/** A cluster of child processes. */
export class ProcessCluster implements Cluster {
  readonly ids: readonly NodeId[];
  readonly random: Random;
  readonly folder: string;
  readonly #options: ProcessClusterOptions;
  readonly #running = new Map<NodeId, NodeProcess>();
  readonly #starting = new Set<NodeId>();
  readonly #paused = new Set<NodeId>();
  /** What nodes that are down held when they were killed. */
  readonly #sizes = new Map<NodeId, { readonly log: number; readonly snapshot: number }>();
  /** What nodes held that ended by themselves and were taken out since. */
  readonly #failures: string[] = [];
  #faults: Faults = noFaults;
  #past = { requests: 0, bytes: 0, applied: 0 };
  #cpuMs = 0;
  #starts = 0;

  constructor(options: ProcessClusterOptions) {
    this.#options = options;
    this.ids = Array.from({ length: options.nodes }, (_, place) => place + 1);
    this.random = new SeededRandom(options.seed, "cluster").fork("scenario").next;
    this.folder = Deno.makeTempDirSync({ prefix: "kontiki-test-" });
    if (open.size === 0) {
      for (const signal of SIGNALS) Deno.addSignalListener(signal, abandonAll);
    }
    open.add(this);
  }

  get faults(): Faults {
    return this.#faults;
  }

  /** Processor time of all nodes that have ended, and how many were started. */
  get usage(): Usage {
    return { cpuMs: this.#cpuMs, starts: this.#starts };
  }

  now(): number {
    return performance.now();
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  async start(id: NodeId): Promise<void> {
    if (this.isRunning(id) || this.#starting.has(id)) {
      throw new Error(`Cannot start n${id}: it is running`);
    }
    this.#starting.add(id);
    this.#starts += 1;
    const { machine, args = [], command = nodeCommand(), place } = this.#options;
    try {
      // The addresses of the others come over the control socket once they have ports.
      const peers = this.ids.map((each) =>
        each === id && place !== undefined ? `${id}=${place(id).hostname}:0` : `${each}`
      );
      const own = ["--peers", peers.join(","), "--cluster", "test", "--machine", machine];
      const node = await NodeProcess.start({
        id,
        folder: this.#folderOf(id),
        command: [...place?.(id).prefix ?? [], ...command],
        args: [...own, ...args],
      });
      this.#running.set(id, node);
    } finally {
      this.#starting.delete(id);
    }
    // Later changes of the faults are sent to it as to all others.
    await this.node(id).control.setFaults(this.#faults);
    await this.#introduce(id);
  }

  /** The new node learns where the others are, and they where it is. */
  async #introduce(id: NodeId): Promise<void> {
    const node = this.#running.get(id)!;
    const others = [...this.#running.values()].filter((other) => other !== node);
    const addresses = new Map<NodeId, Address>(others.map((other) => [other.id, other.peers]));
    await node.control.setPeers(addresses);
    const mine = new Map([[id, node.peers]]);
    await Promise.all(others.map((other) => this.#ask(other, () => other.control.setPeers(mine))));
  }

  async crash(id: NodeId): Promise<void> {
    const node = this.#running.get(id);
    if (node === undefined) return;
    await this.#count(node);
    await this.kill(id);
  }

  /** As `kill -9`, at once: nothing is asked before, so its counters are lost. */
  async kill(id: NodeId): Promise<void> {
    const node = this.#running.get(id);
    this.#running.delete(id);
    this.#paused.delete(id);
    await node?.kill();
    const failure = node?.failure ?? null;
    if (failure !== null) this.#failures.push(failure);
  }

  /** As SIGSTOP: it neither reads nor answers. */
  pause(id: NodeId): void {
    this.#running.get(id)?.signal("SIGSTOP");
    this.#paused.add(id);
  }

  /** As SIGCONT. It has missed what became of the network meanwhile. */
  async resume(id: NodeId): Promise<void> {
    this.#running.get(id)?.signal("SIGCONT");
    this.#paused.delete(id);
    await this.#askId(id, (node) => node.control.setFaults(this.#faults));
  }

  isRunning(id: NodeId): boolean {
    return this.#running.has(id);
  }

  /** The process of a node that runs. */
  node(id: NodeId): NodeProcess {
    const node = this.#running.get(id);
    if (node === undefined) throw new Error(`Cannot use n${id}: it is not running`);
    return node;
  }

  async setFaults(faults: Partial<Faults>): Promise<void> {
    this.#faults = { ...this.#faults, ...faults };
    await Promise.all(
      [...this.#running.values()].map((node) =>
        this.#ask(node, () => node.control.setFaults(faults))
      ),
    );
  }

  async propose(id: NodeId, command: Uint8Array): Promise<Position | null> {
    return await this.#askId(id, (node) => node.control.propose(command));
  }

  /** A question to the machine of a node; `null`: there is no answer. */
  protected async askMachine(id: NodeId, question: WireValue): Promise<WireValue> {
    return await this.#askId(id, (node) => node.machine(question));
  }

  async applied(id: NodeId, from: Index): Promise<readonly Applied[]> {
    if (!this.#options.machine.startsWith("log")) return [];
    const list = await this.askMachine(id, ["applied", from]);
    return (list as readonly (readonly [Index, Uint8Array])[] | null ?? [])
      .map(([index, command]) => ({ index, command }));
  }

  async state(id: NodeId): Promise<{ readonly term: Term; readonly leader: boolean } | null> {
    const status = await this.status(id);
    return status === null ? null : { term: status.term, leader: status.role === "leader" };
  }

  async status(id: NodeId): Promise<Status | null> {
    return (await this.report(id))?.status ?? null;
  }

  async sizes(id: NodeId): Promise<{ readonly log: number; readonly snapshot: number }> {
    const status = await this.status(id);
    if (status === null) return this.#sizes.get(id) ?? { log: 0, snapshot: 0 };
    return { log: status.logBytes, snapshot: status.snapshotBytes };
  }

  /** The report of a node; `null`: there is no answer. */
  async report(id: NodeId): Promise<CountingReport | null> {
    return await this.#askId(id, (node) => node.report());
  }

  async traffic(): Promise<Traffic> {
    let { requests, bytes } = this.#past;
    const incoming = new Map<NodeId, number>();
    for (const id of this.ids) {
      const report = await this.report(id);
      if (report === null) continue;
      requests += report.traffic.requests;
      bytes += report.traffic.bytes;
      incoming.set(id, report.traffic.incoming);
    }
    return { requests, bytes, incoming };
  }

  async commits(): Promise<Index> {
    const all = await Promise.all(this.ids.map((id) => this.status(id)));
    return Math.max(this.#past.applied, ...all.map((status) => status?.applied ?? 0));
  }

  verify(): Promise<void> {
    const failures = [...this.#running.values()].flatMap(({ failure }) => failure ?? []);
    const [first] = [...this.#failures, ...failures];
    return first === undefined ? Promise.resolve() : Promise.reject(new Error(first));
  }

  /** The end of every node's log. */
  async trace(): Promise<readonly string[]> {
    const lines: string[] = [];
    for (const id of this.ids) {
      const path = `${this.#folderOf(id)}.log`;
      const text = await lastLines(path, 10).catch(() => "");
      if (text !== "") lines.push(`n${id}:`, ...text.split("\n").map((line) => `  ${line}`));
    }
    return lines;
  }

  /** With `keep` the folder stays, with the logs of the nodes. */
  async close({ keep = false }: { readonly keep?: boolean } = {}): Promise<void> {
    await Promise.all([...this.#paused].map((id) => this.resume(id)));
    await Promise.all(this.ids.map((id) => this.crash(id)));
    open.delete(this);
    if (open.size === 0) {
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, abandonAll);
    }
    if (!keep) await Deno.remove(this.folder, { recursive: true });
  }

  /** As {@linkcode close}, for a process that has no time left. */
  abandon(): void {
    for (const node of this.#running.values()) node.killNow();
    Deno.removeSync(this.folder, { recursive: true });
  }

  /** Counts for the last time what the node counted. */
  async #count(node: NodeProcess): Promise<void> {
    const report = await this.#ask(node, () => node.report());
    if (report === null) return;
    const { status, traffic, cpuMs } = report;
    this.#past.requests += traffic.requests;
    this.#past.bytes += traffic.bytes;
    this.#past.applied = Math.max(this.#past.applied, status.applied);
    this.#cpuMs += cpuMs;
    this.#sizes.set(node.id, { log: status.logBytes, snapshot: status.snapshotBytes });
  }

  #folderOf(id: NodeId): string {
    return `${this.folder}/n${id}`;
  }

  async #askId<Answer>(
    id: NodeId,
    question: (node: NodeProcess) => Promise<Answer>,
  ): Promise<Answer | null> {
    const node = this.#running.get(id);
    return node === undefined ? null : await this.#ask(node, () => question(node));
  }

  /** `null` when the node is gone or paused; whether that was expected {@linkcode verify} says. */
  async #ask<Answer>(node: NodeProcess, question: () => Promise<Answer>): Promise<Answer | null> {
    if (this.#paused.has(node.id)) return null;
    try {
      return await question();
    } catch (error) {
      if (error instanceof ControlError) return null;
      throw error;
    }
  }
}

/** The command of a node: the executable that `KONTIKI` names, or this source. */
export function nodeCommand(): readonly string[] {
  const executable = Deno.env.get("KONTIKI");
  if (executable !== undefined && executable !== "") return [executable, "node"];
  return [...selfCommand(), "node"];
}

/** Ctrl-C must not leave folders behind. */
function abandonAll(): void {
  for (const cluster of open) cluster.abandon();
  Deno.exit(130);
}
