/**
 * A {@linkcode Cluster} in one process under virtual time: the shipped driver and core on a
 * simulated network and disk, all from one seed, under a {@linkcode Watcher}. A violation stops
 * time and rejects every wait.
 *
 * @module
 */

import { approximateBytes, type Faults, type Link, noFaults } from "../../net/mod.ts";
import {
  type Application,
  Configuration,
  type Envelope,
  type Files,
  type Index,
  invariant,
  Node,
  type NodeId,
  type NodeObserver,
  type Position,
  type Raft,
  type RaftOptions,
  type Random,
  type Status,
  type Storage,
  type TargetMembers,
  type Term,
  type Transport,
} from "../../raft/mod.ts";

import {
  type Applied,
  type Cluster,
  LogMachine,
  type Machine,
  type Traffic,
} from "../cluster/mod.ts";
import { DurableLog } from "./durable_log.ts";
import { SeededRandom } from "./seeded_random.ts";
import { SimNetwork } from "./sim_network.ts";
import { SimDisks } from "./sim_disks.ts";
import type { DiskPart, SimFilesOptions } from "./sim_home.ts";
import { Trace } from "./trace.ts";
import { ClockView, VirtualClock } from "./virtual_clock.ts";
import { Violation, Watcher } from "./watcher.ts";

/** What a machine gets when its node starts. */
export interface MachineContext {
  readonly id: NodeId;
  readonly clock: ClockView;
  readonly random: Random;
  /** The node that drives the machine. Not to be called before {@linkcode Node.start} is done. */
  readonly node: () => Node;
  /** A folder for the machine's own state; `null`: nothing survives but the log. */
  readonly files: Files | null;
}

/** An application that returns the commands it has applied. */
export interface SimMachine extends Application {
  applied(from: Index): readonly Applied[];
}

/** Options of a simulated cluster. Everything else follows from the seed. */
export interface SimClusterOptions {
  readonly seed: number;
  readonly nodes: number;
  /** How many of them belong to the cluster at first. @default {all} */
  readonly voters?: number;
  readonly machine: Machine | ((context: MachineContext) => SimMachine);
  /** Options of every core; the lab's machines use the lab's profile by default. */
  readonly raft?: Partial<Omit<RaftOptions, "id" | "peers">>;
  /** @default {25; the lab's machines: 10} */
  readonly tickMs?: number;
  /** The time that a message takes. @default {0.1 to 1 ms} */
  readonly hopMs?: { readonly minMs: number; readonly maxMs: number };
  /** The time that a save takes. @default {0.2 to 2 ms} */
  readonly saveMs?: { readonly minMs: number; readonly maxMs: number };
  /** The probability that an operation of a disk takes up to a hundred times as long. @default {0} */
  readonly slowSaves?: number;
  /** The largest share by which a clock runs too fast or too slow. @default {0} */
  readonly drift?: number;
  /**
   * The probability that a copy of a message arrives again, terms and restarts later. @default {0}
   */
  readonly strays?: number;
  /** Keeps state in files on simulated disks instead of in memory. @default {null} */
  readonly files?: SimFilesOptions | null;
  readonly trace?: Trace;
}

/** One node from a start to its end. */
interface Life {
  readonly view: ClockView;
  readonly storage: Storage;
  /** Crashes the disk at the end. */
  readonly crashDisk: () => void;
  readonly machine: SimMachine;
  /** Resolves when the node ends while it is still starting. */
  readonly ended: Promise<null>;
  readonly end: () => void;
  node: Node | null;
  /** Whether the application last heard that the node leads. */
  leads: boolean;
}

const HOP_MS = { minMs: 0.1, maxMs: 1 };
/** How far the date of a computer may be from the true one, and another at each restart. */
const WALL_AHEAD_MS = 3_600_000;

/** A cluster in virtual time. */
export class SimCluster implements Cluster {
  readonly ids: readonly NodeId[];
  readonly random: Random;
  readonly clock = new VirtualClock();
  readonly network: SimNetwork;
  readonly watcher: Watcher;
  readonly trace: Trace;
  readonly #options: SimClusterOptions;
  readonly #random: SeededRandom;
  /** The members with which the cluster begins. */
  readonly #begin: readonly NodeId[];
  readonly #lives = new Map<NodeId, Life>();
  /** The machine of the latest start of each node. */
  readonly #machines = new Map<NodeId, SimMachine>();
  readonly #durable = new Map<NodeId, DurableLog>();
  readonly #disks: SimDisks;
  /** Called for every message that is sent; may act on its sender. */
  onSend: ((envelope: Envelope) => void) | null = null;
  /** Called when a server has ended because of its disk. */
  onDiskDeath: ((id: NodeId) => void) | null = null;
  /** Called after every turn in which a leader's state changed; may act on it. */
  onProgress: ((id: NodeId) => void) | null = null;
  #lifeCount = 0;
  /** The highest index that any ended node had applied. */
  #applied: Index = 0;
  #violation: unknown = null;

  constructor(options: SimClusterOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed, "cluster");
    this.random = this.#random.fork("scenario").next;
    this.ids = Array.from({ length: options.nodes }, (_, place) => place + 1);
    this.#begin = this.ids.slice(0, options.voters ?? options.nodes);
    this.trace = options.trace ?? new Trace();
    for (const id of this.ids) this.#durable.set(id, new DurableLog());
    this.watcher = new Watcher({
      begin: Configuration.of(this.#begin),
      durable: this.#durable,
      report: (violation) => this.#fail(violation),
    });
    this.#disks = new SimDisks({
      ...options,
      clock: this.clock,
      random: this.#random,
      durable: this.#durable,
      view: (id) => this.#lives.get(id)?.view ?? null,
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
    if (this.#lives.has(id)) throw new Error(`Cannot start n${id}: it is running`);
    const random = this.#random.fork(`life ${++this.#lifeCount} of ${id}`);
    const life = this.#beget(id, random);
    this.#lives.set(id, life);
    this.#machines.set(id, life.machine);
    this.watcher.started(id);
    this.note(id, "starts");
    const transport = this.network.attach(id, {
      view: life.view,
      receive: (envelope) => {
        // In the simulator every peer keeps to the protocol.
        const doubt = life.node?.receive(envelope) ?? null;
        invariant(doubt === null, `no message of a correct peer is doubted: ${doubt}`);
      },
      heard: (from) => life.node?.heard(from),
    });
    this.clock.touch();
    try {
      life.node = await Promise.race([this.#run(id, { life, random, transport }), life.ended]);
    } catch (error) {
      this.#died(id, { life, error });
    }
    this.clock.touch();
  }

  #beget(id: NodeId, random: SeededRandom): Life {
    const { drift = 0, machine } = this.#options;
    const clocks = random.fork("clock");
    const view = new ClockView(this.clock, {
      rate: 1 + clocks.range(-drift, drift),
      originMs: clocks.below(1_000_000),
      wallAheadMs: clocks.range(-WALL_AHEAD_MS, WALL_AHEAD_MS),
    });
    const { storage, crashDisk } = this.#disks.open(id, { view, random: random.fork("disk") });
    const context = {
      id,
      clock: view,
      random: random.fork("machine").next,
      node: () => this.#lives.get(id)!.node!,
      files: this.#disks.openTables(id),
    };
    const made = typeof machine === "function" ? machine(context) : makeMachine(machine, context);
    const { promise, resolve } = Promise.withResolvers<null>();
    return {
      view,
      storage,
      crashDisk,
      machine: made,
      ended: promise,
      end: () => resolve(null),
      node: null,
      leads: false,
    };
  }

  #run(
    id: NodeId,
    { life, random, transport }: {
      readonly life: Life;
      readonly random: SeededRandom;
      readonly transport: Transport;
    },
  ): Promise<Node> {
    const { machine, raft } = this.#options;
    const isLab = machine === "log" || machine === "log-snapshots" || machine === "counter";
    return Node.start({
      profile: isLab ? "lab" : "production",
      ...raft,
      id,
      peers: this.#begin.includes(id) ? this.#begin : [],
      removed: () => this.note(id, "is no member any more"),
      tickMs: this.#options.tickMs ?? (isLab ? 10 : 25),
      storage: life.storage,
      transport,
      clock: life.view,
      random: random.fork("core").next,
      application: life.machine,
      observer: this.#observer(id, life),
      failed: (error) => this.#died(id, { life, error }),
    });
  }

  /** A node that was killed while it started may end its start, which the watcher must not see. */
  #observer(id: NodeId, life: Life): NodeObserver {
    const isLive = (): boolean => this.#lives.get(id) === life;
    return {
      restoring: (snapshot) => {
        if (isLive()) this.watcher.restored(id, snapshot);
      },
      applying: (entries) => this.watcher.applied(id, entries),
      changed: ({ role }) => {
        life.leads = role === "leader";
      },
      turned: (core) => {
        if (isLive()) this.#turned(id, core);
      },
    };
  }

  #turned(id: NodeId, core: Raft): void {
    const { status, isNews } = this.watcher.turned(id, core);
    if (!isNews) return;
    this.trace.record(this.clock.now(), { kind: "state", status });
    if (status.role === "leader") this.onProgress?.(id);
  }

  crash(id: NodeId): Promise<void> {
    this.kill(id);
    return Promise.resolve();
  }

  /** As {@linkcode crash}, at once. */
  kill(id: NodeId): void {
    const life = this.#lives.get(id);
    if (life === undefined) return;
    this.note(id, "crashes");
    this.#applied = Math.max(this.#applied, this.look(id)?.applied ?? 0);
    this.#lives.delete(id);
    this.network.detach(id);
    life.view.end();
    life.end();
    life.crashDisk();
    void life.node?.stop();
    this.clock.touch();
  }

  /** As SIGSTOP: messages to the node wait. */
  pause(id: NodeId): void {
    this.note(id, "pauses");
    this.#lives.get(id)?.view.pause();
  }

  /** As SIGCONT. */
  resume(id: NodeId): void {
    this.note(id, "resumes");
    this.#lives.get(id)?.view.resume();
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
    return this.#lives.has(id);
  }

  /** Whether the node runs but is paused. */
  isPaused(id: NodeId): boolean {
    return this.#lives.get(id)?.view.isPaused ?? false;
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
    return this.#awake(id)?.propose(command) ?? null;
  }

  /** Asks a node to change the members; whether it has begun to. */
  changeMembers(id: NodeId, target: TargetMembers): boolean {
    const result = this.#awake(id)?.changeMembers(target) ?? "notLeader";
    if (typeof result === "object") this.note(id, `changes to ${formatMembers(target)}`);
    return typeof result === "object";
  }

  /** Asks a node to hand leadership over to any other. */
  transfer(id: NodeId): void {
    if (this.#awake(id)?.transfer()) this.note(id, "hands over");
  }

  /** The node, if its process runs and is not paused. */
  #awake(id: NodeId): Node | null {
    const life = this.#lives.get(id);
    return life === undefined || life.view.isPaused ? null : life.node;
  }

  /** Passes an image of everything up to an index to a node, as its application would. */
  compact(id: NodeId, index: Index, image: Uint8Array): void {
    this.#lives.get(id)?.node?.compact(index, image);
  }

  /** Registers a read with a node. Returns false if it does not lead or is paused. */
  beginRead(id: NodeId, context: number): boolean {
    return this.#awake(id)?.read(context) ?? false;
  }

  /** Whether a node runs and its application last heard that it leads. */
  leads(id: NodeId): boolean {
    return this.#lives.get(id)?.leads ?? false;
  }

  /** Reports a violation that another part than the watcher has found. */
  violate(what: string): void {
    this.#fail(new Violation(what));
  }

  applied(id: NodeId, from: Index): Promise<readonly Applied[]> {
    this.#checkId(id);
    return Promise.resolve(this.#machines.get(id)?.applied(from) ?? []);
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
    return this.#lives.get(id)?.node?.status() ?? null;
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
    const applied = this.ids.map((id) => this.look(id)?.applied ?? 0);
    return Promise.resolve(Math.max(this.#applied, ...applied));
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

  /**
   * A server must end when its disk fails, and may refuse to start on a full one; any other end by
   * itself is a violation.
   */
  #died(id: NodeId, { life, error }: { readonly life: Life; readonly error: unknown }): void {
    if (this.#lives.get(id) !== life) return;
    if (!this.#disks.excuses(id, { isStarting: life.node === null })) return this.#fail(error);
    this.note(id, `dies of its disk: ${error instanceof Error ? error.message : error}`);
    this.kill(id);
    this.onDiskDeath?.(id);
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

function makeMachine(machine: Machine, { node }: MachineContext): SimMachine {
  switch (machine) {
    case "log":
      return new LogMachine();
    case "log-snapshots":
      return new LogMachine({ compact: (index, data) => node().compact(index, data) });
    case "counter":
    case "counter-snapshots":
    case "kv":
    case "kv-snapshots":
      throw new TypeError(`Cannot run machine ${machine}: wanted a function that makes it`);
  }
}

function formatMembers({ voters, learners }: TargetMembers): string {
  const names = (members: TargetMembers["voters"]) => members.map(({ id }) => `n${id}`).join(" ");
  return `voters ${names(voters)}, learners ${names(learners)}`;
}

function formatLinks(links: readonly Link[]): string {
  return links.length === 0 ? "nothing" : links.map(({ from, to }) => `${from}→${to}`).join(" ");
}
