/**
 * A cluster as commands see it: clerks to read and write, reports of its nodes, and, where they can
 * be reached, the control sockets and the processes. Only the interface; `open_session.ts` makes one
 * from the flags, `up_command.ts` one for the cluster it runs.
 *
 * @module
 */

import type { Clerk, Watcher, WatchQuery } from "../../kv/mod.ts";
import type { ConnectFailure, Faults, WireValue } from "../../net/mod.ts";
import type { Clock, NodeId, Random } from "../../raft/mod.ts";
import type { NodeReport } from "./node_report.ts";

/** Faults of a cluster's network, through the control sockets of its nodes. */
export interface FaultControl {
  /** The faults in force at every node that answers. */
  faults(): Promise<ReadonlyMap<NodeId, Faults>>;
  /** Changes some, at every node; returns the nodes that did not answer. */
  setFaults(change: Partial<Faults>): Promise<readonly NodeId[]>;
}

/** The processes of a local cluster. */
export interface ProcessControl {
  /** As `kill -9`: what was not saved is lost. */
  kill(id: NodeId): Promise<void>;
  start(id: NodeId): Promise<void>;
  isRunning(id: NodeId): boolean;
  /** Stops the clock of a process, as `kill -STOP`. */
  pause(id: NodeId): void;
  resume(id: NodeId): void;
  isPaused(id: NodeId): boolean;
}

/** A node as its clients know it. */
export interface SessionNode {
  /** `null`: it was never reached, and only its address is known. */
  readonly id: NodeId | null;
  /** Where it listens for clients. */
  readonly endpoint: string;
  /** Why the latest attempt to connect failed; `null`: it did not. */
  readonly failure: ConnectFailure | null;
  /** Whether it answered last that it belongs to no cluster yet. */
  readonly isWaiting: boolean;
}

/** An open cluster. */
export interface Session {
  readonly cluster: string;
  /** All nodes whose address is known. */
  readonly nodes: readonly SessionNode[];
  /** The nodes whose id is known: they have answered, or the file of a local cluster names them. */
  readonly ids: readonly NodeId[];
  readonly clock: Clock;
  readonly random: Random;
  /** Whether every result ends its line, also in a pipe, as a shell needs it. */
  readonly isShell: boolean;
  /** A client of the whole cluster, or of a single node. */
  clerk(only?: NodeId): Clerk;
  /** A watch, on whichever node can serve it. */
  watcher(query: WatchQuery): Watcher;
  /** What every node says of itself; `null`: it does not answer. In the order of `nodes`. */
  reports(): Promise<readonly (NodeReport | null)[]>;
  /** What one node answers to a request of its own; `null`: it does not answer. */
  ask(id: NodeId, request: WireValue): Promise<WireValue | null>;
  /** `null` where the control sockets cannot be reached, as on another machine. */
  readonly control: FaultControl | null;
  /** `null` where other programs have started the processes. */
  readonly processes: ProcessControl | null;
  close(): void;
}
