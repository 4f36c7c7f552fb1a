/**
 * A {@linkcode ServiceCluster} in virtual time: the shipped Rsm, server and store on simulated
 * nodes, and clients whose messages pass through the simulated network's faults.
 *
 * A client learns at once that its request or reply was lost, as in the lab; in the real world it
 * would wait for its deadline, which only makes a test longer.
 *
 * @module
 */

import {
  EndProposer,
  type HistoryLimits,
  KvServer,
  KvStore,
  LevelProposer,
  LEVELS,
  type Levels,
  type OpenWatch,
  TableImages,
  type TablesOptions,
  WatchServer,
  type WatchStreamHandle,
} from "../../kv/mod.ts";
import { decide } from "../../net/mod.ts";
import {
  ask,
  type Clock,
  type NodeId,
  type Outcome,
  type Profile,
  Rsm,
  type StateMachine,
  submit,
} from "../../raft/mod.ts";
import { type Applied, CounterMachine, type Machine, type ServiceCluster } from "../cluster/mod.ts";
import { SeededRandom } from "./seeded_random.ts";
import { SimCluster } from "./sim_cluster.ts";
import type { MachineContext, SimClusterOptions } from "./sim_options.ts";
import { SimStream } from "./sim_streams.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** Options of a simulated service. */
export interface SimServiceOptions extends Omit<SimClusterOptions, "machine"> {
  readonly machine: Exclude<Machine, "log" | "log-snapshots">;
  /** @default the lab's for the counter; for the store production if the seed is odd */
  readonly profile?: Profile;
  /** @default 1000 for the machines with snapshots, else never */
  readonly logBytesMax?: number | null;
  /** Keeps the store in tables of these sizes, where files are simulated. @default {null} */
  readonly tables?: TableSizes | null;
  /** How far back reads and watches of the store reach. @default {as in the product} */
  readonly history?: HistoryLimits & { readonly watchBytes?: number };
  /** What a server's program knows, asked at each start. @default {all that there is} */
  readonly levels?: (id: NodeId) => Levels;
}

/** Sizes of tables; small ones make many files of few writes. */
export type TableSizes = Omit<TablesOptions, "files" | "clock">;

/** The lab's maxraftstate. */
const LOG_BYTES_MAX = 1000;
/** The longest time until a client learns that a node is not there (section 3.3). */
const NOBODY_MS_MAX = 99;

/** The application of one node from a start to its end. */
class SimService extends Rsm {
  readonly machine: StateMachine;
  readonly context: MachineContext;
  readonly server: KvServer;
  readonly watches: WatchServer | null;
  readonly #ends: EndProposer | null;
  readonly levels: Levels;
  readonly #raising: LevelProposer | null;
  /** Called when the process is gone, which those that are connected to it notice. */
  readonly callers = new Set<() => void>();
  isEnded = false;

  constructor(
    context: MachineContext,
    { machine: name, profile, logBytesMax, tables, history, levels, announced }: {
      readonly machine: Machine;
      readonly profile: Profile;
      readonly logBytesMax: number | null;
      readonly tables: TableSizes | null;
      readonly history: SimServiceOptions["history"] & object;
      readonly levels: Levels;
      readonly announced: (id: NodeId) => number | null;
    },
  ) {
    const { clock, files, random } = context;
    const images = files === null || tables === null
      ? undefined
      : new TableImages({ ...tables, files, clock });
    const machine = name.startsWith("kv")
      ? new KvStore(undefined, history, images?.state, levels)
      : new CounterMachine();
    super({ machine, logBytesMax, clock, random, ...images === undefined ? {} : { images } });
    this.context = context;
    this.machine = machine;
    this.levels = levels;
    this.#raising = machine instanceof KvStore
      ? new LevelProposer({
        ...{ store: machine, rsm: this, clock, id: context.id, announced },
        led: () => {
          const status = node()?.status();
          return status?.role === "leader" ? status.members : null;
        },
      })
      : null;
    this.server = new KvServer({
      rsm: this,
      reads: profile === "production" ? "index" : "log",
      ...this.#raising === null ? {} : { levels: this.#raising },
    });
    this.watches = machine instanceof KvStore
      ? new WatchServer({
        store: machine,
        clock: context.clock,
        hasLeader: () => (node()?.status().leader ?? null) !== null,
        ageMs: () => this.ageMs,
        limits: history.watchBytes === undefined ? {} : { recentBytesMax: history.watchBytes },
      })
      : null;
    this.#ends = machine instanceof KvStore
      ? new EndProposer({ store: machine, rsm: this, clock: context.clock })
      : null;
    // The node is made after its application, and cannot lead before.
    const node = (): ReturnType<MachineContext["node"]> | null => context.node();
    this.attach({
      propose: (command) => node()?.propose(command) ?? null,
      read: (number) => node()?.read(number) ?? false,
      ageMs: (applied) => node()?.ageMs(applied) ?? null,
      draw: (...drawing) => node()?.draw(...drawing) ?? false,
      get hasRoom(): boolean {
        return node()?.hasRoom ?? true;
      },
    });
  }

  end(): void {
    this.isEnded = true;
    for (const hangUp of this.callers) hangUp();
    this.#ends?.stop();
    this.#raising?.stop();
    this.stop();
  }

  applied(): readonly Applied[] {
    return [];
  }
}

/** A cluster of services in virtual time. */
export class SimServiceCluster extends SimCluster implements ServiceCluster {
  readonly clientClock: Clock;
  readonly #services: Map<NodeId, SimService>;
  readonly #clients: SeededRandom;

  constructor(
    {
      machine,
      profile,
      logBytesMax = machine.endsWith("-snapshots") ? LOG_BYTES_MAX : null,
      tables = null,
      history = {},
      levels = () => LEVELS,
      ...options
    }: SimServiceOptions,
  ) {
    const services = new Map<NodeId, SimService>();
    const isProduction = machine.startsWith("kv") && options.seed % 2 === 1;
    const chosen = profile ?? (isProduction ? "production" : "lab");
    super({
      ...options,
      raft: { profile: chosen, ...options.raft },
      machine: (context) => {
        const service = new SimService(context, {
          ...{ machine, profile: chosen, logBytesMax, tables, history },
          levels: levels(context.id),
          announced: (id) => services.get(id)?.levels.last ?? null,
        });
        services.set(context.id, service);
        return service;
      },
    });
    this.#services = services;
    this.#clients = new SeededRandom(options.seed, "clients");
    this.clientClock = new ClientClock(this.clock);
  }

  execute(id: NodeId, command: Uint8Array): Promise<Outcome | null> {
    const service = this.#services.get(id);
    return service === undefined
      ? Promise.resolve(null)
      : this.clock.wait(submit(service, command));
  }

  /** As {@linkcode execute}, for a linearizable question. */
  ask(id: NodeId, request: Uint8Array): Promise<Outcome | null> {
    const service = this.#services.get(id);
    return service === undefined ? Promise.resolve(null) : this.clock.wait(ask(service, request));
  }

  peek(id: NodeId, request: Uint8Array): Promise<Uint8Array | null> {
    return Promise.resolve(this.#services.get(id)?.machine.query(request) ?? null);
  }

  call(id: NodeId, request: Uint8Array, deadline: number): Promise<Uint8Array | null> {
    this.network.countRequest(request.length);
    return this.clock.wait(
      new Promise((resolve) => {
        const timer = deadline < Infinity
          ? this.clock.after(deadline - this.now(), () => resolve(null))
          : null;
        const answer = (reply: Uint8Array | null) => {
          timer?.cancel();
          resolve(reply);
        };
        // A connection never delivers twice, so only the first copy of a doubled message is used.
        const [delayMs] = this.#decide(id, "request");
        this.clock.after(this.#hop() + (delayMs ?? 0), () => {
          if (delayMs === undefined) answer(null);
          else this.#arrive(id, { request, withinMs: deadline - this.now(), answer });
        });
      }),
    );
  }

  /** Asks a server for the stream of a watch. */
  readonly openWatch: OpenWatch = (id, request, options): WatchStreamHandle => {
    const delayMs = (kind: "request" | "reply"): number | null => {
      const [delayMs] = this.#decide(id, kind);
      return delayMs === undefined ? null : delayMs + this.#hop();
    };
    const server = () => {
      const service = this.#services.get(id);
      const watches = service?.watches ?? null;
      if (service === undefined || watches === null) return null;
      return {
        clock: service.context.clock,
        open: (bytes: Uint8Array, wake: () => void) => watches.open(bytes, wake),
        whenEnded: (run: () => void) => {
          service.callers.add(run);
          return () => void service.callers.delete(run);
        },
      };
    };
    return new SimStream({ clock: this.clock, delayMs, server }, request, options);
  };

  override kill(id: NodeId): void {
    const service = this.#services.get(id);
    this.#services.delete(id);
    super.kill(id);
    service?.end();
  }

  #arrive(
    id: NodeId,
    { request, withinMs, answer }: {
      readonly request: Uint8Array;
      readonly withinMs: number;
      readonly answer: (reply: Uint8Array | null) => void;
    },
  ): void {
    const service = this.#services.get(id);
    if (service === undefined) {
      this.clock.after(this.#clients.range(0, NOBODY_MS_MAX), () => answer(null));
      return;
    }
    const hangUp = () => answer(null);
    service.callers.add(hangUp);
    service.context.clock.admit(() =>
      service.server.handle(request, (reply) => {
        service.callers.delete(hangUp);
        // Replies of a process that has ended are lost.
        if (service.isEnded) return;
        const [delayMs] = this.#decide(id, "reply");
        if (delayMs === undefined) return answer(null);
        this.network.countReply(reply.length);
        this.clock.after(this.#hop() + delayMs, () => answer(reply));
      }, withinMs)
    );
  }

  #decide(id: NodeId, kind: "request" | "reply"): readonly number[] {
    const link = kind === "request" ? { from: 0, to: id } : { from: id, to: 0 };
    return decide(this.network.faults, { link, kind, random: this.#clients.next });
  }

  #hop(): number {
    return this.#clients.range(0.1, 1);
  }
}

/** The clock of clients. A wait on it lets time pass. */
class ClientClock implements Clock {
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  wall(): number {
    return this.#clock.wall();
  }

  after(ms: number, run: () => void): { cancel(): void } {
    let isCancelled = false;
    const end = () => {
      if (!isCancelled) run();
    };
    // After a violation the next call of the waiting client reports it.
    this.#clock.sleep(ms).then(end, end);
    return { cancel: () => void (isCancelled = true) };
  }

  soon(run: () => void): void {
    this.after(0, run);
  }
}
