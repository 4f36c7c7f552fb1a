/**
 * The interfaces of clusters and scenarios. Scenarios are written once against {@linkcode Cluster}
 * and run in virtual time (`sim_cluster.ts`) and on real processes (`process_cluster.ts`).
 *
 * @module
 */

import type { MachineName } from "../../cli/rows/mod.ts";
import type { Index, NodeId, Position, Random, Status, Term } from "../../raft/mod.ts";
import type { Faults } from "../../net/mod.ts";

/** The state machine the nodes of a cluster run. */
export type Machine = MachineName;

/** One command that was applied to the state machine. */
export interface Applied {
  readonly index: Index;
  readonly command: Uint8Array;
}

/** Totals since the cluster was made; tests take differences. */
export interface Traffic {
  /** Requests sent (not replies), by servers and clients, delivered or not. */
  readonly requests: number;
  /** Encoded bytes of all sent requests and of all delivered replies. */
  readonly bytes: number;
  /** Requests that reached each node since its last start. */
  readonly incoming: ReadonlyMap<NodeId, number>;
}

/** A cluster as tests use it. Every method may take time, real or virtual. */
export interface Cluster {
  readonly ids: readonly NodeId[];
  /** Seeded; the only randomness a scenario may use. */
  readonly random: Random;
  /** Milliseconds on the cluster's clock, from an arbitrary origin. */
  now(): number;
  sleep(ms: number): Promise<void>;
  start(id: NodeId): Promise<void>;
  /** As kill -9: unsaved state is lost, and nothing more is sent. */
  crash(id: NodeId): Promise<void>;
  isRunning(id: NodeId): boolean;
  /** Replaces the given fields of the current faults. */
  setFaults(faults: Partial<Faults>): Promise<void>;
  /** The position the command gets if it commits; `null` if the node does not lead or run. */
  propose(id: NodeId, command: Uint8Array): Promise<Position | null>;
  /** Commands from index `from` that the node has applied or restored since its start, in order. */
  applied(id: NodeId, from: Index): Promise<readonly Applied[]>;
  /** The term and whether the node believes that it leads; `null` when it does not run. */
  state(id: NodeId): Promise<{ readonly term: Term; readonly leader: boolean } | null>;
  status(id: NodeId): Promise<Status | null>;
  /** Durable bytes of Raft state and of the snapshot, whether the node runs or not. */
  sizes(id: NodeId): Promise<{ readonly log: number; readonly snapshot: number }>;
  traffic(): Promise<Traffic>;
  /** The highest index that any node has ever applied. */
  commits(): Promise<Index>;
  /** Throws the first failure since the last call, such as an entry applied out of order. */
  verify(): Promise<void>;
  /** Stops all nodes and removes their files. */
  close(): Promise<void>;
}

/** One test of the lab or of ours that runs on any cluster. */
export interface Scenario {
  /** The lab's name of the test, such as `TestBasicAgree3B`. */
  readonly name: string;
  /** The part it belongs to, such as `3B`. */
  readonly part: string;
  /** The opening line, such as `Test (3B): basic agreement`. */
  readonly title: string;
  readonly nodes: number;
  readonly machine: Machine;
  /** The network at the start, also printed in the opening line. */
  readonly network: "reliable" | "unreliable";
  /** Throws when the cluster does not behave. */
  run(cluster: Cluster, report: Report): Promise<void>;
}

/** Reports of a running scenario, besides failures. */
export interface Report {
  /** Opens a result with this title; with `passed`, first closes the previous one as passed. */
  next(title: string, options: { readonly passed: boolean }): Promise<void>;
  /** Counts an operation in the history that is checked. */
  operation(): void;
  /** Counts a history check that ran out of time without a verdict. */
  undecided(): void;
}
