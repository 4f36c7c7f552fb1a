/**
 * The settings of a node, and the interface of a running one.
 *
 * @module
 */

import type { HistoryLimits } from "../../kv/mod.ts";
import type { Address, Versions } from "../../net/mod.ts";
import type { Levels } from "../../kv/mod.ts";
import type { Sample } from "../../net/http/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import type { MachineName } from "../rows/mod.ts";
import type { NodeReport } from "../table/mod.ts";
import type { NodeLog } from "./log/mod.ts";

/** The settings of a node. */
export interface NodeSettings {
  readonly id: NodeId;
  readonly cluster: string;
  /**
   * The nodes that begin a cluster, this one included, or other addresses of members than the folder
   * knows. `null`: the address comes over the control socket.
   */
  readonly peers: ReadonlyMap<NodeId, Address | null>;
  /** Where to listen for the other nodes; `null`: anywhere on the loopback. */
  readonly listen: Address | null;
  /** Where to listen for clients; `null`: nowhere. */
  readonly clients: Address | null;
  /** Where every node listens for clients, for clients that know only some. @default {none} */
  readonly clientsOfAll?: ReadonlyMap<NodeId, string>;
  /** Whether a door for HTTP is opened, which needs a share of the connections. @default {false} */
  readonly hasHttp?: boolean;
  /** The folder of this node alone. */
  readonly data: string;
  /** How a node with an empty folder gets into a cluster. */
  readonly entry: Entry;
  /**
   * Whether cluster and folder have ids, by which nodes know each other (I1, I2). Without, which is
   * for tests, a node may begin before it knows where the others are.
   */
  readonly hasIds: boolean;
  /** Raised when the node shall stop, also before it serves. */
  readonly stopping?: AbortSignal;
  readonly control: boolean;
  readonly machine: MachineName;
  /** Length of a tick. */
  readonly tickMs: number;
  /** Size of the log at which a snapshot is taken. */
  readonly logBytesMax: number;
  /** How far back reads and watches reach. @default {the store's} */
  readonly history?: HistoryLimits;
  readonly log: NodeLog;
  /** What is spoken with peers, for tests of an upgrade. @default {all that this program speaks} */
  readonly versions?: Versions;
  /** The feature levels that the store knows, for tests of an upgrade. @default {all} */
  readonly levels?: Levels;
  /** Whether every change of the core's state is logged, at the level debug. */
  readonly isTraced: boolean;
}

/** How a node with an empty folder gets into a cluster. */
export type Entry =
  /** It begins one, together with all the `peers`. */
  | { readonly kind: "bootstrap" }
  /** It asks the cluster at these addresses to add it, perhaps as a learner for good. */
  | { readonly kind: "join"; readonly endpoints: readonly string[]; readonly isLearner: boolean }
  /** It waits until a cluster adds it. */
  | { readonly kind: "wait" };

/** A node that serves. */
export interface RunningNode {
  readonly peers: Address;
  readonly clients: Address | null;
  /** Where it answers HTTP, as a URL; the port is opened by another part of the process. */
  http: string | null;
  /** Resolves when the node has ended: to the error that ended it, or `null` after a stop. */
  readonly ended: Promise<unknown>;
  /** The node's own report of its state and figures. */
  report(): NodeReport;
  /** Its metrics. */
  samples(): readonly Sample[];
  stop(): Promise<void>;
}
