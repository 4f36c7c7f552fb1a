/**
 * What can run above the log of a node: the store that people use, and the machines of the course's
 * tests, which only a node with a control socket may run.
 *
 * @module
 */

import { KvServer, KvStore } from "../../kv/mod.ts";
import type { Answer, WireValue } from "../../net/mod.ts";
import {
  type Application,
  type Node,
  type Profile,
  Rsm,
  type StateMachine,
  SystemClock,
} from "../../raft/mod.ts";
import type { MachineName } from "../rows/mod.ts";

/** A machine, wired. */
export interface RunningMachine {
  readonly application: Application;
  readonly profile: Profile;
  /** The node that drives it. Called once, before the first client can ask. */
  attach(node: Node): void;
  /** A client's request: bytes. */
  handle(request: Uint8Array, reply: Answer, withinMs: number): void;
  /** A test's request, over the control socket. */
  inspect(request: WireValue, reply: Answer): void;
  /** Takes a snapshot now. */
  snapshot(): void;
  stop(): void;
}

/** How a machine is made. */
export interface MachineOptions {
  readonly name: MachineName;
  /** Size of the log at which a snapshot is taken. */
  readonly logBytesMax: number;
}

/** The limit of the course's tests of snapshots. */
const LAB_LOG_BYTES_MAX = 1000;

/** Makes the machine of that name. */
export async function makeMachine(
  { name, logBytesMax }: MachineOptions,
): Promise<RunningMachine> {
  const store = { machine: new KvStore(), profile: "production" } as const;
  switch (name) {
    case "kv":
      return makeService({ ...store, logBytesMax });
    case "kv-snapshots":
      return makeService({ ...store, logBytesMax: LAB_LOG_BYTES_MAX });
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

async function makeCounter(): Promise<{ machine: StateMachine; profile: Profile }> {
  const { CounterMachine } = await loadTestMachines();
  return { machine: new CounterMachine(), profile: "lab" };
}

/** Loaded on demand: a node of the store loads nothing of `tests/`. */
function loadTestMachines(): Promise<typeof import("../../tests/cluster/mod.ts")> {
  return import("../../tests/cluster/mod.ts");
}

/** A store that clients ask, or a number that tests count with. */
function makeService(
  { machine, profile, logBytesMax }: {
    readonly machine: StateMachine;
    readonly profile: Profile;
    readonly logBytesMax: number | null;
  },
): RunningMachine {
  const rsm = new Rsm({ machine, logBytesMax, clock: new SystemClock() });
  const server = new KvServer({ rsm, reads: "index" });
  return {
    profile,
    application: rsm,
    attach: (node) => rsm.attach(node),
    handle: (request, reply, withinMs) => server.handle(request, reply, withinMs),
    inspect: (request, reply) => inspectService({ rsm, machine }, { request, reply }),
    snapshot: () => void rsm.snapshot(),
    stop: () => rsm.stop(),
  };
}

/** `["execute", command]` submits past the network; `["query", request]` asks this very copy. */
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

/** What the course's tests of Raft alone run; it answers no clients. */
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
    attach: (driver) => {
      node = driver;
    },
    handle: (_request, reply) => reply(null),
    inspect: (request, reply) => {
      const [what, from] = pair(request);
      if (what !== "applied" || typeof from !== "number") {
        throw new TypeError("Cannot ask machine: wanted what was applied, from an index on");
      }
      reply(machine.applied(from).map(({ index, command }) => [index, command]));
    },
    snapshot: () => {},
    stop: () => {},
  };
}

function pair(value: WireValue): readonly WireValue[] {
  return Array.isArray(value) && value.length === 2 ? value : [];
}
