/**
 * What can run above the log of a node: the store that people use, and the machines of the course's
 * tests, which only a node with a control socket may run.
 *
 * @module
 */

import {
  EndProposer,
  featuresOf,
  type HistoryLimits,
  KvServer,
  KvStore,
  LEVELS,
  type Levels,
  TableImages,
  type TablesReport,
  WatchServer,
} from "../../kv/mod.ts";
import { TimeBuckets } from "../../net/http/mod.ts";
import type { Answer, OpenStream, WireValue } from "../../net/mod.ts";
import {
  type Application,
  DenoFiles,
  type Node,
  type Profile,
  Rsm,
  type StateMachine,
  SystemClock,
  TurnTime,
} from "../../raft/mod.ts";
import type { MachineName } from "../rows/mod.ts";
import type { LevelFigures } from "../table/mod.ts";
import { type Driver, NodeLevels } from "./node_levels.ts";
import { requestSpans } from "./telemetry.ts";
import { TABLES_FOLDER } from "./recovery/mod.ts";

/** A machine with everything that connects it to a node. */
export interface RunningMachine {
  readonly application: Application;
  readonly profile: Profile;
  /** What this node announces to its peers. */
  readonly features: number;
  /** Sets the node that drives it. Called once, before the first request of a client. */
  attach(driver: Driver): void;
  /** Handles a client's request, which is bytes. */
  handle(request: Uint8Array, reply: Answer, withinMs: number): void;
  /** A client's request that is answered by a stream. */
  readonly open: OpenStream;
  /** Handles a test's request, over the control socket. */
  inspect(request: WireValue, reply: Answer): void;
  /** Takes a snapshot now. */
  snapshot(): void;
  /** Begins to merge all tables into one level; false: the state is not in tables. */
  compact(): boolean;
  /** What the tables of the store look like; `null`: the state is in memory. */
  tables(): TablesReport | null;
  /** The number of leases; `null`: the machine has none. */
  leases(): number | null;
  /** What all members know, and what this program knows; `null`: the machine has no levels. */
  level(): LevelFigures | null;
  /** How long requests of clients took, by kind. */
  readonly times: Readonly<Record<string, TimeBuckets>>;
  stop(): void;
}

/** What selects a machine. */
export interface MachineOptions {
  readonly name: MachineName;
  /** Size of the log at which a snapshot is taken. */
  readonly logBytesMax: number;
  /** How far back reads and watches of the store reach. */
  readonly history: HistoryLimits;
  /** The feature levels that the store knows, for tests of an upgrade. @default {all} */
  readonly levels?: Levels | undefined;
  /** The node's data folder; tables are kept in a folder below it. */
  readonly data: string;
}

/** The size of the log at which the course's tests take a snapshot. */
const LAB_LOG_BYTES_MAX = 1000;

/** Makes the machine of that name. */
export async function makeMachine(
  { name, logBytesMax, history, data, levels = LEVELS }: MachineOptions,
): Promise<RunningMachine> {
  switch (name) {
    case "kv":
      return makeStore({ logBytesMax, history, data, levels });
    case "kv-snapshots":
      return makeService({
        machine: new KvStore(),
        profile: "production",
        logBytesMax: LAB_LOG_BYTES_MAX,
      });
    case "counter":
      return makeService({ ...await makeCounter(), logBytesMax: null });
    case "counter-snapshots":
      return makeService({ ...await makeCounter(), logBytesMax: LAB_LOG_BYTES_MAX });
    case "log":
      return await makeLog({ hasSnapshots: false });
    case "log-snapshots":
      return await makeLog({ hasSnapshots: true });
  }
}

/** The store, in tables on the disk. */
function makeStore(
  { logBytesMax, history, data, levels }:
    & Pick<MachineOptions, "logBytesMax" | "history" | "data">
    & { readonly levels: Levels },
): RunningMachine {
  const files = new DenoFiles(`${data}/${TABLES_FOLDER}`);
  const images = new TableImages({ files, clock: new SystemClock() });
  const machine = new KvStore(undefined, history, images.state, levels);
  return makeService({ machine, profile: "production", logBytesMax, images, history, levels });
}

async function makeCounter(): Promise<{ machine: StateMachine; profile: Profile }> {
  const { CounterMachine } = await loadTestMachines();
  return { machine: new CounterMachine(), profile: "lab" };
}

/**
 * Loads the machines of the tests on demand, since a node of the store loads nothing of `tests/`.
 */
function loadTestMachines(): Promise<typeof import("../../tests/cluster/mod.ts")> {
  return import("../../tests/cluster/mod.ts");
}

/** The store that clients use, or a number that tests increment. */
function makeService(
  { machine, profile, logBytesMax, images, history, levels = LEVELS }: {
    readonly machine: StateMachine;
    readonly profile: Profile;
    readonly logBytesMax: number | null;
    /** How far back watches reach. */
    readonly history?: HistoryLimits;
    readonly images?: TableImages;
    readonly levels?: Levels;
  },
): RunningMachine {
  const clock = new SystemClock();
  const rsm = new Rsm({
    ...{ machine, logBytesMax, clock, random: Math.random },
    ...images === undefined ? {} : { images },
  });
  const times = { read: new TimeBuckets(), write: new TimeBuckets() };
  const time = new TurnTime(clock);
  const spans = requestSpans();
  const begun = (kind: "read" | "write"): () => void => {
    const at = time.now();
    const endSpan = spans?.(kind);
    return () => {
      times[kind].add(time.now() - at);
      endSpan?.();
    };
  };
  let driver: Driver | null = null;
  const level = new NodeLevels(levels);
  const server = new KvServer({ rsm, reads: "index", begun, levels: level });
  const hasLeader = (): boolean => (driver?.node.status().leader ?? null) !== null;
  const watches = machine instanceof KvStore
    ? new WatchServer({
      ...{ store: machine, clock, hasLeader, ageMs: () => rsm.ageMs },
      limits: history?.bytes === undefined ? {} : { recentBytesMax: history.bytes },
    })
    : null;
  const ends = machine instanceof KvStore ? new EndProposer({ store: machine, rsm, clock }) : null;
  return {
    profile,
    application: rsm,
    features: machine instanceof KvStore ? featuresOf(levels) : 0,
    attach: (given) => {
      driver = given;
      rsm.attach(given.node);
      if (machine instanceof KvStore) level.start(given, { store: machine, rsm, clock });
    },
    open: (request, wake) => {
      return request instanceof Uint8Array ? watches?.open(request, wake) ?? null : null;
    },
    handle: (request, reply, withinMs) => server.handle(request, reply, withinMs),
    times,
    inspect: (request, reply) => inspectService({ rsm, machine }, { request, reply }),
    snapshot: () => void rsm.snapshot(),
    compact: () => {
      images?.compact();
      return images !== undefined;
    },
    tables: () => images?.status() ?? null,
    leases: () => machine instanceof KvStore ? machine.leases : null,
    level: () => {
      if (!(machine instanceof KvStore)) return null;
      const { value, known } = machine.level;
      return { value, known };
    },
    stop: () => {
      ends?.stop();
      level.stop();
      rsm.stop();
      watches?.stop();
    },
  };
}

/**
 * `["execute", command]` submits without the network; `["query", request]` reads this node's own
 * copy.
 */
function inspectService(
  { rsm, machine }: { readonly rsm: Rsm; readonly machine: StateMachine },
  { request, reply }: { readonly request: WireValue; readonly reply: Answer },
): void {
  const [what, bytes] = pair(request);
  if (!(bytes instanceof Uint8Array)) throw new TypeError("Cannot ask machine: wanted bytes");
  if (what === "query") return reply(machine.query(bytes));
  if (what !== "execute") throw new RangeError(`Cannot ask machine: no such question: ${what}`);
  rsm.submit(bytes, (outcome) => reply({ ...outcome }));
}

/** The machine of the course's tests of Raft alone. It answers no clients. */
async function makeLog(
  { hasSnapshots }: { readonly hasSnapshots: boolean },
): Promise<RunningMachine> {
  const { LogMachine } = await loadTestMachines();
  let node: Node | null = null;
  const compact = (index: number, data: Uint8Array): void => node?.compact(index, data);
  const machine = new LogMachine(hasSnapshots ? { compact } : {});
  return {
    application: machine,
    profile: "lab",
    features: 0,
    attach: (driver) => {
      node = driver.node;
    },
    handle: (_request, reply) => reply(null),
    open: () => null,
    inspect: (request, reply) => {
      const [what, from] = pair(request);
      if (what !== "applied" || typeof from !== "number") {
        throw new TypeError("Cannot ask machine: wanted what was applied, from an index on");
      }
      reply(machine.applied(from).map(({ index, command }) => [index, command]));
    },
    snapshot: () => {},
    compact: () => false,
    tables: () => null,
    leases: () => null,
    level: () => null,
    times: {},
    stop: () => {},
  };
}

function pair(value: WireValue): readonly WireValue[] {
  return Array.isArray(value) && value.length === 2 ? value : [];
}
