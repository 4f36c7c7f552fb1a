/**
 * The lab's helper layer over {@linkcode Cluster}: servers numbered from 0, connected flags, cuts,
 * and the checks that every scenario of lab 3 is made of (sections 4 and 7 of the lab's tests). It
 * looks at the cluster only during a check; nothing runs in the background.
 *
 * The lab's "long delays" are how long a call to an unreachable peer hangs before it fails. Our
 * messages are one way and nothing waits for them, so that setting has no meaning here.
 *
 * @module
 */

import { assert, AssertionError } from "@std/assert";
import { reliable, reordered, unreliable } from "../../net/mod.ts";
import type { Index, Term } from "../../raft/mod.ts";
import { type Cluster, describeCommand, encodeNumber, isSameBytes } from "../cluster/mod.ts";
import { LabLinks } from "./lab_links.ts";
import { LabLog } from "./lab_log.ts";

/** The edition of the lab that a scenario follows where the two differ. */
export type Edition = "2024" | "2025";

/** The result of {@linkcode LabGroup.start}: the index and term of an accepted command. */
export interface Accepted {
  readonly index: Index;
  readonly term: Term;
}

/** The condition that {@linkcode LabGroup.one} waits for. */
export interface Agreement {
  /** The number of servers that must have applied the command. */
  readonly expected: number;
  /** Whether to submit again when the command was not applied within two seconds. */
  readonly retry: boolean;
}

/** Options of a {@linkcode LabGroup}. */
export interface LabGroupOptions {
  readonly network: "reliable" | "unreliable";
  /** @default {"2025"} */
  readonly edition?: Edition;
}

/** The lab's RaftElectionTimeout: the time its tests allow for an election. */
export const ELECTION_ALLOWANCE_MS = 1_000;

const LEADER_ROUNDS = 10;
const LEADER_PAUSE_MS = 450;
const LEADER_PAUSE_SPREAD_MS = 100;
const AGREEMENT_MS = 10_000;
const ATTEMPT_MS = 2_000;
const POLL_MS = 20;
const FRUITLESS_MS = 50;
const WAIT_POLLS = 30;
const WAIT_FIRST_MS = 10;
const WAIT_DOUBLES_BELOW_MS = 1_000;

/** The servers of one cluster, as the lab's tests see them. */
export class LabGroup {
  /** The number of servers; they are numbered from 0. */
  readonly count: number;
  readonly #cluster: Cluster;
  readonly #edition: Edition;
  readonly #links: LabLinks;
  readonly #log: LabLog;
  /** The number of restarts of each server: a late answer of an earlier start is ignored. */
  readonly #restarts: number[];
  /** The leader observed in each term of the whole run (election safety, §5.2). */
  readonly #leaders = new Map<Term, number>();
  readonly #used = new Set<number>();
  #unreliable: boolean;
  #longReordering = false;

  constructor(cluster: Cluster, options: LabGroupOptions) {
    this.#cluster = cluster;
    this.#edition = options.edition ?? "2025";
    this.#unreliable = options.network === "unreliable";
    this.count = cluster.ids.length;
    this.#links = new LabLinks(this.count);
    this.#log = new LabLog(this.count);
    this.#restarts = cluster.ids.map(() => 0);
  }

  /** Every server's number. */
  get servers(): readonly number[] {
    return this.#cluster.ids.map((_id, server) => server);
  }

  sleep(ms: number): Promise<void> {
    return this.#cluster.sleep(ms);
  }

  now(): number {
    return this.#cluster.now();
  }

  /** A whole number from 0 on, below `end`. */
  below(end: number): number {
    return Math.floor(this.#cluster.random() * end);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.#cluster.random() < probability;
  }

  /**
   * A command that is unique in this run. The lab draws some of its commands from a small range;
   * unique ones make the same checks sharper, because commands are compared by their bytes.
   */
  fresh(): Uint8Array {
    for (;;) {
      const value = this.below(Number.MAX_SAFE_INTEGER);
      if (this.#used.has(value)) continue;
      this.#used.add(value);
      return encodeNumber(value);
    }
  }

  /** Section 4: switches the network between its two modes. */
  async setReliable(reliable: boolean): Promise<void> {
    this.#unreliable = !reliable;
    await this.#setNetwork();
  }

  /** Section 3.2: while on, two of three replies arrive late. */
  async setLongReordering(on: boolean): Promise<void> {
    this.#longReordering = on;
    await this.#setNetwork();
  }

  async #setNetwork(): Promise<void> {
    const { request, reply } = this.#unreliable ? unreliable : reliable;
    await this.#cluster.setFaults({
      request,
      reply: this.#longReordering ? reordered(reply) : reply,
    });
  }

  isConnected(server: number): boolean {
    return this.#links.isConnected(server);
  }

  isRunning(server: number): boolean {
    return this.#cluster.isRunning(this.#id(server));
  }

  async connect(server: number): Promise<void> {
    this.#links.connect(server);
    await this.#cut();
  }

  async connectAll(): Promise<void> {
    for (const server of this.servers) this.#links.connect(server);
    await this.#cut();
  }

  async disconnect(server: number): Promise<void> {
    this.#links.disconnect(server);
    await this.#cut();
  }

  /** Cuts two parts from each other and leaves the connected flags unchanged. */
  async partition(left: readonly number[], right: readonly number[]): Promise<void> {
    this.#links.partition(left, right);
    await this.#cut();
  }

  /** Shuts a server down, cut off first so that it sends nothing after its last save. */
  async crash(server: number): Promise<void> {
    await this.disconnect(server);
    if (!this.isRunning(server)) return;
    await this.#observe(server);
    await this.#cluster.crash(this.#id(server));
  }

  async crashAll(): Promise<void> {
    for (const server of this.servers) await this.crash(server);
  }

  /** Starts a server that is down from its saved state; it is not connected yet. */
  async startServer(server: number): Promise<void> {
    this.#restarts[server] = (this.#restarts[server] ?? 0) + 1;
    this.#log.forget(server);
    await this.#cluster.start(this.#id(server));
  }

  async startAll(): Promise<void> {
    for (const server of this.servers) await this.startServer(server);
    await this.connectAll();
  }

  /** The lab's restart: in 2025 it connects all servers of the group, in 2024 only this server. */
  async restart(server: number): Promise<void> {
    await this.startServer(server);
    if (this.#edition === "2025") await this.connectAll();
    else await this.connect(server);
  }

  /** Submits a command to one server; returns `null` when it does not lead or is down. */
  async start(server: number, command: Uint8Array): Promise<Accepted | null> {
    return await this.#cluster.propose(this.#id(server), command);
  }

  /** Submits the command to every running server; returns the last that accepted it, or `null`. */
  async startEverywhere(
    command: Uint8Array,
  ): Promise<{ readonly leader: number; readonly index: Index } | null> {
    let accepted = null;
    for (const leader of this.servers) {
      if (!this.isRunning(leader)) continue;
      const position = await this.start(leader, command);
      if (position !== null) accepted = { leader, index: position.index };
    }
    return accepted;
  }

  /** The term and whether the server believes that it leads; `null` when it is down. */
  async state(server: number): Promise<{ readonly term: Term; readonly leader: boolean } | null> {
    const state = await this.#cluster.state(this.#id(server));
    if (state?.leader) this.#seenLeading(server, state.term);
    return state;
  }

  /** Section 7.4: the leader of the newest term; fails when there is none within about 5 s. */
  async checkOneLeader(): Promise<number> {
    for (let round = 0; round < LEADER_ROUNDS; round++) {
      await this.sleep(LEADER_PAUSE_MS + this.below(LEADER_PAUSE_SPREAD_MS));
      let newest: { readonly server: number; readonly term: Term } | null = null;
      for (const server of this.servers) {
        if (!this.isConnected(server)) continue;
        const state = await this.state(server);
        if (state === null || !state.leader) continue;
        assert(
          newest === null || newest.term !== state.term,
          `Term ${state.term} has two leaders: servers ${newest?.server} and ${server}`,
        );
        if (newest === null || state.term > newest.term) newest = { server, term: state.term };
      }
      if (newest !== null) return newest.server;
    }
    throw this.#failure("Expected one leader, found none");
  }

  /** Section 7.4: returns the term of the connected servers, which must all be in the same. */
  async checkTerms(): Promise<Term> {
    let term: Term | null = null;
    for (const server of this.servers) {
      if (!this.isConnected(server)) continue;
      const state = await this.state(server);
      if (state === null) continue;
      assert(
        term === null || term === state.term,
        `Servers disagree on the term: ${term} and ${state.term} of server ${server}`,
      );
      term = state.term;
    }
    return term ?? 0;
  }

  /** Section 7.4: no connected server claims to lead. */
  async checkNoLeader(): Promise<void> {
    for (const server of this.servers) {
      if (!this.isConnected(server)) continue;
      const state = await this.state(server);
      assert(!state?.leader, `Expected no leader among the connected, but server ${server} leads`);
    }
  }

  /** Section 7.4: how many servers have applied the index, and which command. */
  async committed(
    index: Index,
  ): Promise<{ readonly servers: number; readonly command: Uint8Array | null }> {
    for (const server of this.servers) {
      if (this.#log.height(server) < index) await this.#observe(server);
    }
    return this.#log.committed(index);
  }

  /** Sections 7.2 and 7.3, for all entries that no check has looked at yet. */
  async checkAllApplied(): Promise<void> {
    for (const server of this.servers) await this.#observe(server);
  }

  async checkNoAgreement(index: Index): Promise<void> {
    const { servers } = await this.committed(index);
    assert(servers === 0, `Index ${index} was applied by ${servers} servers, wanted by none`);
  }

  /** Section 7.5: submits a command, waits for agreement on it and returns its index. */
  async one(command: Uint8Array, { expected, retry }: Agreement): Promise<Index> {
    const begin = this.now();
    while (this.now() - begin < AGREEMENT_MS) {
      const index = await this.#offer(command);
      if (index === null) {
        await this.sleep(FRUITLESS_MS);
        continue;
      }
      if (await this.#appliedWithin({ index, command, expected })) {
        await this.#cluster.verify();
        return index;
      }
      if (!retry) break;
    }
    throw this.#failure(
      `Failed to reach agreement on ${describeCommand(command)} among ${expected} servers`,
    );
  }

  /** Agreement of `expected` servers on a number or a fresh command, resubmitted as needed. */
  agree(expected: number, value?: number): Promise<Index> {
    const command = value === undefined ? this.fresh() : encodeNumber(value);
    return this.one(command, { expected, retry: true });
  }

  /**
   * Section 7.4: the command at an index, once at least `servers` servers have applied it; `null`
   * when some server has entered a newer term than `term` in the meantime.
   */
  async wait(
    index: Index,
    { servers, term }: { readonly servers: number; readonly term: Term | null },
  ): Promise<Uint8Array | null> {
    let pauseMs = WAIT_FIRST_MS;
    for (let poll = 0; poll < WAIT_POLLS; poll++) {
      const found = await this.committed(index);
      if (found.servers >= servers) break;
      await this.sleep(pauseMs);
      if (pauseMs < WAIT_DOUBLES_BELOW_MS) pauseMs *= 2;
      if (term !== null && await this.#newerTerm(term)) return null;
    }
    const { servers: have, command } = await this.committed(index);
    await this.#cluster.verify();
    if (have < servers || command === null) {
      throw this.#failure(`Index ${index} was applied by ${have} servers, wanted by ${servers}`);
    }
    return command;
  }

  /** Section 3.4: requests sent by all servers, and the bytes of requests and delivered replies. */
  async traffic(): Promise<{ readonly requests: number; readonly bytes: number }> {
    return await this.#cluster.traffic();
  }

  /** Section 3.4: requests that reached any server since that server's last start. */
  async incoming(): Promise<number> {
    const { incoming } = await this.#cluster.traffic();
    return [...incoming.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Section 5: the largest Raft state of any server, running or not. */
  async logBytesMax(): Promise<number> {
    const sizes = await Promise.all(this.#cluster.ids.map((id) => this.#cluster.sizes(id)));
    return Math.max(...sizes.map((size) => size.log));
  }

  /**
   * Starts work in the background and returns a function that awaits it. A failure is kept for
   * that call, so that it neither gets lost nor ends the process as an unhandled rejection.
   */
  background<T>(run: () => Promise<T>): () => Promise<T> {
    const outcome = run().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    return async () => {
      const settled = await outcome;
      if ("error" in settled) throw settled.error;
      return settled.value;
    };
  }

  async #offer(command: Uint8Array): Promise<Index | null> {
    for (let step = 1; step <= this.count; step++) {
      const server = step % this.count;
      if (!this.isConnected(server) || !this.isRunning(server)) continue;
      const accepted = await this.start(server, command);
      if (accepted !== null) return accepted.index;
    }
    return null;
  }

  async #appliedWithin(
    { index, command, expected }: {
      readonly index: Index;
      readonly command: Uint8Array;
      readonly expected: number;
    },
  ): Promise<boolean> {
    const begin = this.now();
    while (this.now() - begin < ATTEMPT_MS) {
      const found = await this.committed(index);
      const enough = found.servers > 0 && found.servers >= expected;
      if (enough && isSameBytes(found.command, command)) return true;
      await this.sleep(POLL_MS);
    }
    return false;
  }

  async #newerTerm(term: Term): Promise<boolean> {
    for (const server of this.servers) {
      const state = await this.state(server);
      if (state !== null && state.term > term) return true;
    }
    return false;
  }

  /** Sections 7.2 and 7.3: records and checks the entries a server has newly applied. */
  async #observe(server: number): Promise<void> {
    if (!this.isRunning(server)) return;
    const restarts = this.#restarts[server];
    const news = await this.#cluster.applied(this.#id(server), this.#log.height(server) + 1);
    if (restarts !== this.#restarts[server]) return;
    for (const one of news) this.#log.record(server, one);
  }

  #seenLeading(server: number, term: Term): void {
    const other = this.#leaders.get(term);
    assert(
      other === undefined || other === server,
      `Term ${term} has two leaders: servers ${other} and ${server}`,
    );
    this.#leaders.set(term, server);
  }

  async #cut(): Promise<void> {
    const blocked = this.#links.blocked().map(({ from, to }) => ({
      from: this.#id(from),
      to: this.#id(to),
    }));
    await this.#cluster.setFaults({ blocked });
  }

  #id(server: number): number {
    const id = this.#cluster.ids[server];
    assert(id !== undefined, `No server ${server} in a group of ${this.count}`);
    return id;
  }

  #failure(message: string): Error {
    return new AssertionError(
      `${message} (applied up to ${this.#log.describe()}, connected ${this.#links.describe()})`,
    );
  }
}
