/**
 * The settings of a node, and the interface of a running one.
 *
 * @module
 */

import type { Address } from "../../net/mod.ts";
import type { Sample } from "../../net/http/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import type { MachineName } from "../rows/mod.ts";
import type { NodeReport } from "../table/mod.ts";
import type { NodeLog } from "./log.ts";

/** The settings of a node. */
export interface NodeSettings {
  readonly id: NodeId;
  readonly cluster: string;
  /** Every node, this one included. `null`: the address comes over the control socket. */
  readonly peers: ReadonlyMap<NodeId, Address | null>;
  /** Where to listen for clients; `null`: nowhere. */
  readonly clients: Address | null;
  /** Where every node listens for clients, for clients that know only some. @default {none} */
  readonly clientsOfAll?: ReadonlyMap<NodeId, string>;
  /** Whether a door for HTTP is opened, which needs a share of the connections. @default {false} */
  readonly hasHttp?: boolean;
  /** The folder of this node alone. */
  readonly data: string;
  /** Whether an empty folder is refused. */
  readonly isExisting: boolean;
  /** Whether the node is added to a cluster that runs, so that it begins none. @default {false} */
  readonly joins?: boolean;
  readonly control: boolean;
  readonly machine: MachineName;
  /** Length of a tick. */
  readonly tickMs: number;
  /** Size of the log at which a snapshot is taken. */
  readonly logBytesMax: number;
  readonly log: NodeLog;
  /** Whether every change of the core's state is logged, at the level debug. */
  readonly isTraced: boolean;
}

/** A node that serves. */
export interface RunningNode {
  readonly peers: Address;
  readonly clients: Address | null;
  /** Resolves when the node has ended: to the error that ended it, or `null` after a stop. */
  readonly ended: Promise<unknown>;
  /** The node's own report of its state and figures. */
  report(): NodeReport;
  /** Its metrics. */
  samples(): readonly Sample[];
  stop(): Promise<void>;
}
