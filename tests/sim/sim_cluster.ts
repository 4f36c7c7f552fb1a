/**
 * A {@linkcode Cluster} in one process under virtual time: the shipped driver and core on a
 * simulated network and disk, all from one seed, under a {@linkcode Watcher}. A violation stops
 * time and rejects every wait.
 *
 * @module
 */

import { approximateBytes, type Faults, type Link, noFaults } from "../../net/mod.ts";
import {
  Configuration,
  type Envelope,
  type Index,
  type NodeId,
  type Position,
  type Random,
  type Status,
  type TargetMembers,
  type Term,
} from "../../raft/mod.ts";
import type { Applied, Cluster, Traffic } from "../cluster/mod.ts";
import { SeededRandom } from "./seeded_random.ts";
import { SimDisks } from "./sim_disks.ts";
import type { DiskPart } from "./sim_home.ts";
import { SimNetwork } from "./sim_network.ts";
import { SimNodes } from "./sim_nodes.ts";
import type { SimClusterOptions } from "./sim_options.ts";
import { VirtualClock } from "./virtual_clock.ts";
import { DurableLog, Trace, Violation, Watcher } from "./watcher/mod.ts";

const HOP_MS = { minMs: 0.1, maxMs: 1 };

/** A cluster in virtual time. */
export class SimCluster implements Cluster {
  readonly ids: readonly NodeId[];
  readonly random: Random;
  readonly clock = new VirtualClock();
  readonly network: SimNetwork;
  readonly watcher: Watcher;
  readonly trace: Trace;
  readonly #random: SeededRandom;
  readonly #nodes: SimNodes;
  readonly #durable = new Map<NodeId, DurableLog>();
  readonly #disks: SimDisks;
  /** Called for every message that is sent; may act on its sender. */
  onSend: ((envelope: Envelope) => void) | null = null;
  /** Called when a server has ended because of its disk, or because it was removed. */
  onEnd: ((id: NodeId) => void) | null = null;
  /** Called after every turn in which a leader's state changed; may act on it. */
  onProgress: ((id: NodeId) => void) | null = null;
  #violation: unknown = null;

  constructor(options: SimClusterOptions) {
    this.#random = new SeededRandom(options.seed, "cluster");
    this.random = this.#random.fork("scenario").next;
    this.ids = Array.from({ length: options.nodes }, (_, place) => place + 1);
    const begin = this.ids.slice(0, options.voters ?? options.nodes);
    this.trace = options.trace ?? new Trace();
    for (const id of this.ids) this.#durable.set(id, new DurableLog());
    this.watcher = new Watcher({
      begin: Configuration.of(begin),
      durable: this.#durable,
      report: (violation) => this.#fail(violation),
    });
    this.#disks = new SimDisks({
      ...options,
      clock: this.clock,
      random: this.#random,
      durable: this.#durable,
      view: (id) => this.#nodes.view(id),
      saved: (id, change) => this.watcher.saved(id, change),
      violated: (what) => this.violate(what),
    });
    this.network = new SimNetwork({
      clock: this.clock,
      random: this.#random.fork("network"),
      hopMs: options.hopMs ?? HOP_MS,
      strays: options.strays ?? 0,
      bytesOf: approximateBytes,
      observe: (kind, envelope) => {
        if (kind === "send") this.watcher.sent(envelope);
        this.trace.record(this.clock.now(), { kind, envelope });
        if (kind === "send") this.onSend?.(envelope);
      },
    });
    this.#nodes = new SimNodes({
      cluster: options,
      begin,
      random: this.#random,
      clock: this.clock,
      network: this.network,
      watcher: this.watcher,
      disks: this.#disks,
      note: (id, text) => this.note(id, text),
      changed: (status) => {
        this.trace.record(this.clock.now(), { kind: "state", status });
        if (status.role === "leader") this.onProgress?.(status.id);
      },
      fail: (error) => this.#fail(error),
      ended: (id) => {
        this.kill(id);
        this.onEnd?.(id);
      },
    });
  }

  now(): number {
    return this.clock.now();
  }

  sleep(ms: number): Promise<void> {
    return this.clock.sleep(ms);
  }

  start(id: NodeId): Promise<void> {
    return this.clock.wait(this.#launch(id));
  }

  /** As {@linkcode start}, for use inside an event. */
  launchSoon(id: NodeId): void {
    this.#launch(id).catch((error) => this.#fail(error));
  }

  async #launch(id: NodeId): Promise<void> {
    this.#checkId(id);
    await this.#nodes.launch(id);
  }

  crash(id: NodeId): Promise<void> {
    this.kill(id);
    return Promise.resolve();
  }

  /** As {@linkcode crash}, at once. */
  kill(id: NodeId): void {
    this.#nodes.kill(id);
  }

  /** As SIGSTOP: messages to the node wait. */
  pause(id: NodeId): void {
    this.note(id, "pauses");
    this.#nodes.view(id)?.pause();
  }

  /** As SIGCONT. */
  resume(id: NodeId): void {
    this.note(id, "resumes");
    this.#nodes.view(id)?.resume();
  }

  /** Sets the date of a computer forward, or back. */
  setDate(id: NodeId, byMs: number): void {
    this.note(id, `has its date set by ${Math.round(byMs)} ms`);
    this.#nodes.view(id)?.setDate(byMs);
  }

  /** Stalls the disk: saves take at least until then, while the server itself goes on. */
  stall(id: NodeId, ms: number): void {
    this.note(id, `has a disk that stands still for ${Math.round(ms)} ms`);
    this.#disks.stall(id, ms);
  }

  /** Leaves a disk with files room for so many more bytes; `Infinity` makes room again. */
  limitRoom(id: NodeId, bytes: number, part?: DiskPart): void {
    this.note(id, bytes < Infinity ? `has a disk with room for ${bytes} B` : "has room again");
    this.#disks.limitRoom(id, bytes, part);
  }

  isRunning(id: NodeId): boolean {
    return this.#nodes.view(id) !== null;
  }

  /** Whether the node runs but is paused. */
  isPaused(id: NodeId): boolean {
    return this.#nodes.view(id)?.isPaused ?? false;
  }

  setFaults(faults: Partial<Faults>): Promise<void> {
    this.disturb(faults);
    return Promise.resolve();
  }

  /** As {@linkcode setFaults}, at once. */
  disturb(faults: Partial<Faults>): void {
    this.network.setFaults(faults);
    if (faults.blocked) this.note(0, `blocked ${formatLinks(faults.blocked)}`);
  }

  /** Ends all faults of the network. */
  heal(): void {
    this.disturb(noFaults);
    this.network.flood();
  }

  propose(id: NodeId, command: Uint8Array): Promise<Position | null> {
    return Promise.resolve(this.submit(id, command));
  }

  /** As {@linkcode propose}, at once. A paused process accepts nothing. */
  submit(id: NodeId, command: Uint8Array): Position | null {
    return this.#nodes.awake(id)?.propose(command) ?? null;
  }

  /** Asks a node to change the members; whether it has begun to. */
  changeMembers(id: NodeId, target: TargetMembers): boolean {
    const result = this.#nodes.awake(id)?.changeMembers(target) ?? "notLeader";
    if (typeof result === "object") this.note(id, `changes to ${formatMembers(target)}`);
    return typeof result === "object";
  }

  /** Asks a node to hand leadership over to any other. */
  transfer(id: NodeId): void {
    if (this.#nodes.awake(id)?.transfer()) this.note(id, "hands over");
  }

  /** Passes an image of everything up to an index to a node, as its application would. */
  compact(id: NodeId, index: Index, image: Uint8Array): void {
    this.#nodes.node(id)?.compact(index, image);
  }

  /** Registers a read with a node. Returns false if it does not lead or is paused. */
  beginRead(id: NodeId, context: number): boolean {
    return this.#nodes.awake(id)?.read(context) ?? false;
  }

  /** Whether a node runs and its application last heard that it leads. */
  leads(id: NodeId): boolean {
    return this.#nodes.leads(id);
  }

  /** Reports a violation that another part than the watcher has found. */
  violate(what: string): void {
    this.#fail(new Violation(what));
  }

  applied(id: NodeId, from: Index): Promise<readonly Applied[]> {
    this.#checkId(id);
    return Promise.resolve(this.#nodes.applied(id, from));
  }

  async state(id: NodeId): Promise<{ readonly term: Term; readonly leader: boolean } | null> {
    const status = await this.status(id);
    return status === null ? null : { term: status.term, leader: status.role === "leader" };
  }

  status(id: NodeId): Promise<Status | null> {
    return Promise.resolve(this.look(id));
  }

  /** As {@linkcode status}, at once. */
  look(id: NodeId): Status | null {
    return this.#nodes.node(id)?.status() ?? null;
  }

  sizes(id: NodeId): Promise<{ readonly log: number; readonly snapshot: number }> {
    this.#checkId(id);
    const { logBytes, snapshotBytes } = this.#durable.get(id)!;
    return Promise.resolve({ log: logBytes, snapshot: snapshotBytes });
  }

  traffic(): Promise<Traffic> {
    return Promise.resolve(this.network.traffic());
  }

  commits(): Promise<Index> {
    return Promise.resolve(this.#nodes.highestApplied);
  }

  verify(): Promise<void> {
    const violation = this.#violation;
    return violation === null ? Promise.resolve() : Promise.reject(violation);
  }

  async close(): Promise<void> {
    for (const id of this.ids) this.kill(id);
    await Promise.resolve();
  }

  /** Adds a remark to the trace; node 0 stands for no node. */
  note(node: NodeId, text: string): void {
    this.trace.record(this.clock.now(), { kind: "note", node, text });
  }

  /** From now on no disk fails, stalls or is full. */
  mendDisks(): void {
    this.#disks.mend();
  }

  #fail(error: unknown): void {
    if (this.#violation !== null) return;
    this.#violation = error;
    this.note(0, `FAILS: ${error instanceof Error ? error.message : error}`);
    this.clock.abort(error);
  }

  #checkId(id: NodeId): void {
    if (!this.ids.includes(id)) {
      throw new RangeError(`Cannot use n${id}: wanted one of ${this.ids.join(", ")}`);
    }
  }
}

function formatMembers({ voters, learners }: TargetMembers): string {
  const names = (members: TargetMembers["voters"]) => members.map(({ id }) => `n${id}`).join(" ");
  return `voters ${names(voters)}, learners ${names(learners)}`;
}

function formatLinks(links: readonly Link[]): string {
  return links.length === 0 ? "nothing" : links.map(({ from, to }) => `${from}→${to}`).join(" ");
}
