/**
 * What a test may do to a cluster, and what a scenario is. Scenarios are written once against
 * {@linkcode Cluster} and run in virtual time (`sim_cluster.ts`) and on real processes
 * (`process_cluster.ts`).
 *
 * @module
 */

import type { MachineName } from "../../cli/table/mod.ts";
import type { Index, NodeId, Position, Random, Status, Term } from "../../raft/mod.ts";
import type { Faults } from "../../net/mod.ts";

/** The state machine the nodes of a cluster run. */
export type Machine = MachineName;

/** One applied command, as the application above the log saw it. */
export interface Applied {
  readonly index: Index;
  readonly command: Uint8Array;
}

/** Totals since the cluster came into being; tests take differences. */
export interface Traffic {
  /** Requests sent (not replies), by servers and clients, delivered or not. */
  readonly requests: number;
  /** Encoded bytes of all sent requests and of all delivered replies. */
  readonly bytes: number;
  /** Requests that reached each node since its last start. */
  readonly incoming: ReadonlyMap<NodeId, number>;
}

/** What a test may do to a cluster. Every method may take time, real or virtual. */
export interface Cluster {
  readonly ids: readonly NodeId[];
  /** Seeded; the only randomness a scenario may use. */
  readonly random: Random;
  /** Milliseconds on the cluster's clock, from an arbitrary origin. */
  now(): number;
  sleep(ms: number): Promise<void>;
  start(id: NodeId): Promise<void>;
  /** As kill -9: nothing unsaved survives, nothing more is sent. */
  crash(id: NodeId): Promise<void>;
  isRunning(id: NodeId): boolean;
  /** Replaces the named parts of the faults in force. */
  setFaults(faults: Partial<Faults>): Promise<void>;
  /** The position the command will have if it commits; `null`: not the leader, or not running. */
  propose(id: NodeId, command: Uint8Array): Promise<Position | null>;
  /** Commands the node applied in this life (or found in its snapshot) from `from` on, in order. */
  applied(id: NodeId, from: Index): Promise<readonly Applied[]>;
  /** The term and whether the node believes to lead; `null` when it does not run. */
  state(id: NodeId): Promise<{ readonly term: Term; readonly leader: boolean } | null>;
  status(id: NodeId): Promise<Status | null>;
  /** Bytes of Raft state and of the snapshot that the node holds durably, running or not. */
  sizes(id: NodeId): Promise<{ readonly log: number; readonly snapshot: number }>;
  traffic(): Promise<Traffic>;
  /** The highest index that any node has applied, in whichever of its lives. */
  commits(): Promise<Index>;
  /** Throws what went wrong inside since the last call: an apply out of order, a broken invariant. */
  verify(): Promise<void>;
  /** Stops everything and removes what was made. */
  close(): Promise<void>;
}

/** One test of the lab (or of ours), run against any cluster. */
export interface Scenario {
  /** The lab's name of the test, as `TestBasicAgree3B`. */
  readonly name: string;
  /** The part it belongs to, as `3B`. */
  readonly part: string;
  /** What the opening line says, as `Test (3B): basic agreement`. */
  readonly title: string;
  readonly nodes: number;
  readonly machine: Machine;
  /** The network at the start, also printed in the opening line. */
  readonly network: "reliable" | "unreliable";
  /** Throws when the cluster does not behave. */
  run(cluster: Cluster, report: Report): Promise<void>;
}

/** What a scenario tells while it runs, beside failing. */
export interface Report {
  /** Opens a result of this title; with `passed`, the one before is closed as passed. */
  next(title: string, options: { readonly passed: boolean }): Promise<void>;
  /** A client's operation went into the history that is checked. */
  operation(): void;
  /** A check of a history ran out of time: it is neither right nor wrong. */
  undecided(): void;
}
