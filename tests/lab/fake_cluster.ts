/**
 * A cluster with one perfect log and no protocol, for tests of code that observes clusters. The
 * test sets the leader, which appends at once, and how far each server applies.
 *
 * @module
 */

import { type Faults, noFaults } from "../../net/mod.ts";
import {
  Configuration,
  type Index,
  type NodeId,
  type Position,
  type Status,
  type Term,
} from "../../raft/mod.ts";
import type { Applied, Cluster, Traffic } from "../cluster/mod.ts";
import { VirtualClock } from "../sim/mod.ts";

/** The report of a fake server. */
interface FakeServer {
  running: boolean;
  term: Term;
  leader: boolean;
  /** Applies entries up to here, at once. */
  appliesTo: Index;
}

/** A cluster whose every answer the test sets. */
export class FakeCluster implements Cluster {
  readonly ids: readonly NodeId[];
  readonly clock = new VirtualClock();
  readonly log: Uint8Array[] = [];
  readonly servers: FakeServer[];
  faults: Faults = noFaults;
  requests = 0;
  bytes = 0;
  /** Bytes of each server's log, in the order of the servers. */
  logBytes: readonly number[] = [];
  random = (): number => 0.5;
  /** The error that the next {@linkcode verify} throws. */
  trouble: Error | null = null;

  constructor(nodes: number) {
    this.ids = Array.from({ length: nodes }, (_none, at) => at + 1);
    this.servers = this.ids.map(() => ({
      running: true,
      term: 1,
      leader: false,
      appliesTo: Infinity,
    }));
  }

  now(): number {
    return this.clock.now();
  }

  sleep(ms: number): Promise<void> {
    return this.clock.sleep(ms);
  }

  start(id: NodeId): Promise<void> {
    this.#server(id).running = true;
    return Promise.resolve();
  }

  crash(id: NodeId): Promise<void> {
    this.#server(id).running = false;
    return Promise.resolve();
  }

  isRunning(id: NodeId): boolean {
    return this.#server(id).running;
  }

  setFaults(faults: Partial<Faults>): Promise<void> {
    this.faults = { ...this.faults, ...faults };
    return Promise.resolve();
  }

  propose(id: NodeId, command: Uint8Array): Promise<Position | null> {
    const { running, leader, term } = this.#server(id);
    if (!running || !leader) return Promise.resolve(null);
    const index = this.log.push(command);
    return Promise.resolve({ index, term });
  }

  applied(id: NodeId, from: Index): Promise<readonly Applied[]> {
    const end = Math.min(this.log.length, this.#server(id).appliesTo);
    const news = this.log.slice(from - 1, Math.max(from - 1, end));
    return Promise.resolve(news.map((command, at) => ({ index: from + at, command })));
  }

  state(id: NodeId): Promise<{ readonly term: Term; readonly leader: boolean } | null> {
    const { running, term, leader } = this.#server(id);
    return Promise.resolve(running ? { term, leader } : null);
  }

  status(id: NodeId): Promise<Status | null> {
    const { running, term, leader, appliesTo } = this.#server(id);
    if (!running) return Promise.resolve(null);
    const applied = Math.min(this.log.length, appliesTo);
    const last = { index: this.log.length, term };
    return Promise.resolve({
      ...{ id, role: leader ? "leader" : "follower", term, leader: null, votedFor: null, last },
      ...{ base: { index: 0, term: 0 }, commit: applied, applied, logBytes: 0, snapshotBytes: 0 },
      ...{ durable: applied, peers: [], members: Configuration.of([]).members },
      ...{ membersIndex: 0, removed: false, transferTo: null },
    });
  }

  sizes(id: NodeId): Promise<{ readonly log: number; readonly snapshot: number }> {
    return Promise.resolve({ log: this.logBytes[id - 1] ?? 0, snapshot: 0 });
  }

  traffic(): Promise<Traffic> {
    const incoming = new Map(this.ids.map((id) => [id, this.requests]));
    return Promise.resolve({ requests: this.requests, bytes: this.bytes, incoming });
  }

  commits(): Promise<Index> {
    return Promise.resolve(this.log.length);
  }

  verify(): Promise<void> {
    const { trouble } = this;
    this.trouble = null;
    return trouble === null ? Promise.resolve() : Promise.reject(trouble);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #server(id: NodeId): FakeServer {
    const server = this.servers[id - 1];
    if (server === undefined) throw new RangeError(`Cannot find n${id}: no such server`);
    return server;
  }
}
