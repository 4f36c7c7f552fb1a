/**
 * The processes of a simulated cluster: each start makes a node on its own clock and disk, which lives
 * until it is killed or ends by itself.
 *
 * @module
 */

import {
  type Index,
  invariant,
  Node,
  type NodeId,
  type NodeObserver,
  type Raft,
  type Status,
  type Storage,
  type Transport,
} from "../../raft/mod.ts";
import type { Applied } from "../cluster/mod.ts";
import type { SeededRandom } from "./seeded_random.ts";
import type { SimDisks } from "./sim_disks.ts";
import type { SimNetwork } from "./sim_network.ts";
import { makeMachine, type SimClusterOptions, type SimMachine } from "./sim_options.ts";
import { ClockView, type VirtualClock } from "./virtual_clock.ts";
import type { Watcher } from "./watcher/mod.ts";

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

/** How far the date of a computer may be from the true one, and another at each restart. */
const WALL_AHEAD_MS = 3_600_000;

/** A server that was removed ends after this time. */
const FAREWELL_MS = 500;

/** What the processes are in, and what hears of them. */
export interface SimNodesOptions {
  readonly cluster: SimClusterOptions;
  /** The members with which the cluster begins. */
  readonly begin: readonly NodeId[];
  readonly random: SeededRandom;
  readonly clock: VirtualClock;
  readonly network: SimNetwork;
  readonly watcher: Watcher;
  readonly disks: SimDisks;
  readonly note: (id: NodeId, text: string) => void;
  /** Called with news of a node's state. */
  readonly changed: (status: Status) => void;
  /** A node has ended by itself, for no reason that it may have. */
  readonly fail: (error: unknown) => void;
  /** A server does not go on, for a reason that it may have: its process has to be killed. */
  readonly ended: (id: NodeId) => void;
}

/** The processes that run, and the machines of those that ran. */
export class SimNodes {
  readonly #options: SimNodesOptions;
  readonly #lives = new Map<NodeId, Life>();
  /** The machine of the latest start of each node. */
  readonly #machines = new Map<NodeId, SimMachine>();
  #lifeCount = 0;
  /** The highest index that any ended node had applied. */
  #applied: Index = 0;

  constructor(options: SimNodesOptions) {
    this.#options = options;
  }

  /** Starts a process; resolves when its node runs, or has ended. */
  async launch(id: NodeId): Promise<void> {
    if (this.#lives.has(id)) throw new Error(`Cannot start n${id}: it is running`);
    const { network, watcher, clock, random: all, note } = this.#options;
    const random = all.fork(`life ${++this.#lifeCount} of ${id}`);
    const life = this.#beget(id, random);
    this.#lives.set(id, life);
    this.#machines.set(id, life.machine);
    watcher.started(id);
    note(id, "starts");
    const transport = network.attach(id, {
      view: life.view,
      receive: (envelope) => {
        // In the simulator every peer keeps to the protocol.
        const doubt = life.node?.receive(envelope) ?? null;
        invariant(doubt === null, `no message of a correct peer is doubted: ${doubt}`);
      },
      heard: (from) => life.node?.heard(from),
    });
    clock.touch();
    try {
      life.node = await Promise.race([this.#run(id, { life, random, transport }), life.ended]);
    } catch (error) {
      this.#died(id, { life, error });
    }
    clock.touch();
  }

  #beget(id: NodeId, random: SeededRandom): Life {
    const { clock, disks, cluster: { drift = 0, machine } } = this.#options;
    const clocks = random.fork("clock");
    const view = new ClockView(clock, {
      rate: 1 + clocks.range(-drift, drift),
      originMs: clocks.below(1_000_000),
      wallAheadMs: clocks.range(-WALL_AHEAD_MS, WALL_AHEAD_MS),
    });
    const { storage, crashDisk } = disks.open(id, { view, random: random.fork("disk") });
    const context = {
      id,
      clock: view,
      random: random.fork("machine").next,
      node: () => this.#lives.get(id)!.node!,
      files: disks.openTables(id),
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
    const { begin, note, cluster: { machine, raft, tickMs } } = this.#options;
    const isLab = machine === "log" || machine === "log-snapshots" || machine === "counter";
    return Node.start({
      profile: isLab ? "lab" : "production",
      ...raft,
      id,
      peers: begin.includes(id) ? begin : [],
      removed: () => {
        note(id, "is no member any more");
        life.view.after(FAREWELL_MS, () => this.#leave(id, life));
      },
      tickMs: tickMs ?? (isLab ? 10 : 25),
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
    const { watcher } = this.#options;
    const isLive = (): boolean => this.#lives.get(id) === life;
    return {
      restoring: (snapshot) => {
        if (isLive()) watcher.restored(id, snapshot);
      },
      applying: (entries) => watcher.applied(id, entries),
      changed: ({ role }) => {
        life.leads = role === "leader";
      },
      turned: (core) => {
        if (isLive()) this.#turned(id, core);
      },
    };
  }

  #turned(id: NodeId, core: Raft): void {
    const { status, isNews } = this.#options.watcher.turned(id, core);
    if (isNews) this.#options.changed(status);
  }

  /** Ends a process at once. */
  kill(id: NodeId): void {
    const life = this.#lives.get(id);
    if (life === undefined) return;
    this.#options.note(id, "crashes");
    this.#applied = Math.max(this.#applied, life.node?.status().applied ?? 0);
    this.#lives.delete(id);
    this.#options.network.detach(id);
    life.view.end();
    life.end();
    life.crashDisk();
    void life.node?.stop();
    this.#options.clock.touch();
  }

  /** The node, if its process runs and is not paused. */
  awake(id: NodeId): Node | null {
    const life = this.#lives.get(id);
    return life === undefined || life.view.isPaused ? null : life.node;
  }

  /** A process that runs, paused or not. */
  view(id: NodeId): ClockView | null {
    return this.#lives.get(id)?.view ?? null;
  }

  node(id: NodeId): Node | null {
    return this.#lives.get(id)?.node ?? null;
  }

  /** Whether a node runs and its application last heard that it leads. */
  leads(id: NodeId): boolean {
    return this.#lives.get(id)?.leads ?? false;
  }

  /** What the machine of the latest start has applied. */
  applied(id: NodeId, from: Index): readonly Applied[] {
    return this.#machines.get(id)?.applied(from) ?? [];
  }

  /** The highest index that any node has applied, also one that has ended. */
  get highestApplied(): Index {
    const running = [...this.#lives.values()].map(({ node }) => node?.status().applied ?? 0);
    return Math.max(this.#applied, ...running);
  }

  /** A server that is still no member ends, as its process does. */
  #leave(id: NodeId, life: Life): void {
    if (this.#lives.get(id) !== life || !life.node?.status().removed) return;
    this.#options.watcher.left(id);
    this.#options.ended(id);
  }

  /**
   * A server must end when its disk fails, and may refuse to start on a full one; any other end by
   * itself is a violation.
   */
  #died(id: NodeId, { life, error }: { readonly life: Life; readonly error: unknown }): void {
    if (this.#lives.get(id) !== life) return;
    const { disks, note, fail, ended } = this.#options;
    if (!disks.excuses(id, { isStarting: life.node === null })) return fail(error);
    note(id, `dies of its disk: ${error instanceof Error ? error.message : error}`);
    ended(id);
  }
}
