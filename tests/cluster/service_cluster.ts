/**
 * The interface of clusters whose state machine has clients: the counter and the key/value store.
 * The same scenarios run in virtual time (`sim_service_cluster.ts`) and on real processes.
 *
 * @module
 */

import type { CallResult } from "../../kv/mod.ts";
import type { Clock, NodeId, Outcome } from "../../raft/mod.ts";
import type { Cluster } from "./cluster.ts";

/** A cluster with clients. */
export interface ServiceCluster extends Cluster {
  /** The clock that clients use. */
  readonly clientClock: Clock;
  /** Submits to the node directly, not through the network; `null` when it does not run. */
  execute(id: NodeId, command: Uint8Array): Promise<Outcome | null>;
  /** Queries the node's own copy of the state, which may be stale; `null` when it does not run. */
  peek(id: NodeId, request: Uint8Array): Promise<Uint8Array | null>;
  /**
   * Sends a client's request through the network and its faults, except cuts, which only separate
   * nodes. The deadline is on the clients' clock.
   */
  call(id: NodeId, request: Uint8Array, deadline: number): Promise<CallResult>;
}
