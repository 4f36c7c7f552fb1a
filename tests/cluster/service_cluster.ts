/**
 * What a test may do to a cluster whose machine answers: the counter and the key/value store. The
 * same scenarios run on it in virtual time (`sim_service_cluster.ts`) and on real processes.
 *
 * @module
 */

import type { CallResult } from "../../kv/mod.ts";
import type { Clock, NodeId, Outcome } from "../../raft/mod.ts";
import type { Cluster } from "./cluster.ts";

/** A cluster with clients. */
export interface ServiceCluster extends Cluster {
  /** The clock of clients. */
  readonly clientClock: Clock;
  /** Submits to the node's replicated machine, past the network; `null`: it does not run. */
  execute(id: NodeId, command: Uint8Array): Promise<Outcome | null>;
  /** Asks the node's own copy of the machine, agreed or not; `null`: it does not run. */
  peek(id: NodeId, request: Uint8Array): Promise<Uint8Array | null>;
  /**
   * A client's request, through the network and its faults (not its cuts: clients stand outside).
   * The deadline is on the clients' clock.
   */
  call(id: NodeId, request: Uint8Array, deadline: number): Promise<CallResult>;
}
