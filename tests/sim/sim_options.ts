/**
 * What a simulated cluster is made of: its options, and the machine of each node.
 *
 * @module
 */

import type {
  Application,
  Files,
  Index,
  Node,
  NodeId,
  RaftOptions,
  Random,
} from "../../raft/mod.ts";
import { type Applied, LogMachine, type Machine } from "../cluster/mod.ts";
import type { SimFilesOptions } from "./sim_home.ts";
import type { ClockView } from "./virtual_clock.ts";
import type { Trace } from "./watcher/mod.ts";

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

/** The machine of one start of a node. */
export function makeMachine(machine: Machine, { node }: MachineContext): SimMachine {
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
