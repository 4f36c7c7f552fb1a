/**
 * A random walk over bare cores: no clock, no network, only a bag of messages and one choice after
 * another of what happens next. Any message arrives at any time, however old, and again; a save
 * takes as many steps as it likes while its server goes on hearing; a server dies between any two.
 * Where the swarm is true to time, this is true to nothing but the promises of the core's inputs and
 * effects, and so gets to interleavings that time makes rare.
 *
 * The {@linkcode Watcher} looks on. At the end everything is let through, and a command must commit.
 *
 * @module
 */

import {
  applySave,
  Configuration,
  type Entry,
  type Envelope,
  type Index,
  type NodeId,
  type Position,
  Raft,
  type RaftOptions,
  type Save,
  type Snapshot,
} from "../../raft/mod.ts";
import { anyTarget } from "./any_target.ts";
import { DurableLog, permittedInSave, SeededRandom, Violation, Watcher } from "../sim/mod.ts";

/** The result of a walk. Throws after a violation. */
export interface WalkResult {
  readonly committed: number;
  readonly readsConfirmed: number;
  readonly restored: number;
  /** Changes of the voters that were completed. */
  readonly changed: number;
}

/** Runs one seed. */
export function walk(seed: number, steps = 20_000): WalkResult {
  return new Walk(seed).run(steps);
}

interface Server {
  raft: Raft;
  /** The save that is under way. */
  saving: Save | null;
  /** The application: how far it has got. */
  applied: Index;
  hasInput: boolean;
}

const MESSAGES_MAX = 120;
const RECOVERY_ROUNDS_MAX = 2_000;

/** Everything that may happen, with how often in a walk of average weights. */
const WEIGHTS = {
  take: 15,
  save: 8,
  finish: 15,
  deliver: 60,
  again: 2,
  lose: 1,
  tick: 6,
  heard: 1,
  propose: 2,
  read: 2,
  compact: 1,
  change: 0.3,
  transfer: 0.1,
  crash: 0.03,
};

type Act = keyof typeof WEIGHTS;

class Walk {
  readonly #random: SeededRandom;
  readonly #options: Omit<RaftOptions, "id" | "peers">;
  readonly #ids: readonly NodeId[];
  /** The voters with which the cluster begins; the other servers are spare ones. */
  readonly #begin: readonly NodeId[];
  readonly #servers = new Map<NodeId, Server>();
  readonly #durable = new Map<NodeId, DurableLog>();
  readonly #watcher: Watcher;
  #weights: readonly (readonly [Act, number])[] = [];
  #stepsLeft = 0;
  /** Steps so far: true time. */
  #steps = 0;
  /** Nodes whose clocks stand still. */
  #slow: ReadonlySet<NodeId> = new Set();
  /** Nodes that are cut off from all others. */
  #apart: ReadonlySet<NodeId> = new Set();
  /** Nodes whose saves do not end. */
  #stalled: ReadonlySet<NodeId> = new Set();
  /** The messages that wait in every transport for every peer. */
  #waiting = 0;
  /** The reads that wait, each with the index that was applied anywhere when it was asked. */
  readonly #reads = new Map<number, Index>();
  #messages: Envelope[] = [];
  #count = 0;
  #readsConfirmed = 0;
  #restored = 0;
  #changed = 0;

  constructor(seed: number) {
    const random = this.#random = new SeededRandom(seed, "walk");
    const nodes = random.pick([1, 2, 3, 3, 3, 4, 5]);
    const spare = random.pick([0, 0, 1, 2, 3]);
    this.#ids = Array.from({ length: nodes + spare }, (_, place) => place + 1);
    this.#begin = this.#ids.slice(0, nodes);
    this.#options = {
      profile: random.chance(0.7) ? "production" : "lab",
      electionTicks: random.between(6, 20),
      heartbeatTicks: random.between(1, 3),
      appendEntriesMax: random.pick([1, 2, 100]),
      inFlightAppendsMax: random.pick([1, 2, 64]),
      queuedBytesMax: random.pick([1, 60, 1000]),
      snapshotChunkBytes: random.pick([3, 5, 100]),
      applyEntriesMax: random.pick([1, 100]),
      trailingBytes: random.pick([0, 0, 28, 140]),
    };
    for (const id of this.#ids) this.#durable.set(id, new DurableLog());
    this.#watcher = new Watcher({
      begin: Configuration.of(this.#begin),
      durable: this.#durable,
      report: (violation) => {
        throw violation;
      },
    });
    for (const id of this.#ids) this.#start(id);
  }

  run(steps: number): WalkResult {
    for (let step = 0; step < steps; step++) this.#step();
    this.#recover();
    return {
      committed: this.#watcher.committed,
      readsConfirmed: this.#readsConfirmed,
      restored: this.#restored,
      changed: this.#changed,
    };
  }

  /**
   * For a while: which steps are frequent, which servers are cut off, whose clock or disk stands
   * still.
   */
  #turnPage(): void {
    const random = this.#random;
    const some = (share: number) => new Set(this.#ids.filter(() => random.chance(share)));
    this.#stepsLeft = random.pick([100, 500, 2_000]);
    this.#weights = (Object.keys(WEIGHTS) as Act[]).map((act) =>
      [act, WEIGHTS[act] * random.pick([0.2, 1, 1, 4])] as const
    );
    this.#stalled = some(random.pick([0, 0, 0.3]));
    this.#apart = some(random.pick([0, 0.3, 0.5]));
    this.#slow = some(random.pick([0, 0, 0.5]));
    this.#waiting = random.pick([0, 0, 0, 50, 5_000]);
    if (random.chance(0.7)) return;
    // The leader alone, which may be the last to notice.
    const { id } = this.#leader().raft.status();
    this.#apart = this.#slow = new Set([id]);
  }

  #step(): void {
    this.#steps++;
    if (this.#stepsLeft-- === 0) this.#turnPage();
    const id = this.#random.pick(this.#ids);
    const server = this.#servers.get(id)!;
    switch (this.#draw()) {
      case "take":
        return this.#take(id);
      case "save":
        return this.#beginSave(server);
      case "finish":
        return this.#stalled.has(id) ? undefined : this.#finish(id);
      case "deliver":
        return this.#deliver(false);
      case "again":
        return this.#deliver(true);
      case "lose":
        return void this.#pull();
      case "tick":
        return this.#slow.has(id) ? undefined : this.#input(server, (raft) => raft.tick());
      case "heard":
        return server.raft.heard(this.#random.pick(this.#ids));
      case "propose":
        return this.#input(this.#leader(), (raft) => raft.propose(this.#command()));
      case "read":
        return this.#read(this.#leader());
      case "compact":
        return this.#compact(id, server);
      case "change":
        return this.#change(this.#leader());
      case "transfer":
        return this.#transfer(this.#leader());
      case "crash":
        return this.#crash(id);
    }
  }

  /** A server that believes to lead, if there is one. */
  #leader(): Server {
    const servers = [...this.#servers.values()];
    const leaders = servers.filter(({ raft }) => raft.standing.role === "leader");
    return this.#random.pick(leaders.length > 0 ? leaders : servers);
  }

  #draw(): Act {
    let left = this.#random.next() *
      this.#weights.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [act, weight] of this.#weights) {
      left -= weight;
      if (left < 0) return act;
    }
    return "take";
  }

  #start(id: NodeId): void {
    const persistent = this.#durable.get(id)!.persistent();
    const random = this.#random.fork(`life ${++this.#count}`).next;
    const wall = this.#random.fork(`date ${this.#count}`);
    // Each start counts time from another moment, and the date of the computer is changed all the
    // time.
    const origin = wall.below(1_000);
    const clock = { now: () => origin + this.#steps, wall: () => wall.below(10_000) };
    const environment = { random, clock, waiting: () => this.#waiting };
    const peers = this.#begin.includes(id) ? this.#begin : [];
    const raft = new Raft({ ...this.#options, id, peers }, persistent, environment);
    this.#servers.set(id, { raft, saving: null, applied: 0, hasInput: false });
    this.#watcher.started(id);
    this.#watcher.turned(id, raft);
    if (persistent.snapshot !== null) this.#restore(id, persistent.snapshot);
  }

  #input(server: Server, run: (raft: Raft) => unknown): void {
    const result = run(server.raft);
    if (result !== false && result !== null) server.hasInput = true;
  }

  /** A whole turn, whether or not a save is under way. */
  #take(id: NodeId): void {
    const server = this.#servers.get(id)!;
    if (!server.hasInput) return;
    server.hasInput = false;
    const { send, restore, apply, reads, members } = server.raft.takeEffects();
    if (members?.outgoing.length === 0 && server.raft.standing.role === "leader") this.#changed++;
    this.#send(send);
    if (restore !== null) this.#restore(id, restore);
    this.#apply(id, apply);
    for (const { context, confirmed } of reads) {
      const least = this.#reads.get(context)!;
      this.#reads.delete(context);
      if (!confirmed) continue;
      this.#readsConfirmed++;
      if (server.applied < least) {
        throw new Violation(`n${id} confirms a read at ${server.applied}, asked at ${least} (§8)`);
      }
    }
    if (server.raft.hasMore) server.hasInput = true;
    this.#watcher.turned(id, server.raft);
  }

  #beginSave(server: Server): void {
    server.saving ??= server.raft.takeSave();
  }

  /** The save has ended; its server may have heard much meanwhile. */
  #finish(id: NodeId): void {
    const server = this.#servers.get(id)!;
    const { saving } = server;
    if (saving === null) return;
    const durable = this.#durable.get(id)!;
    applySave(durable.persistent(), saving);
    durable.apply(saving);
    this.#watcher.saved(id, saving);
    server.saving = null;
    this.#input(server, (raft) => raft.saved());
  }

  /** An image is its index, and its author several times. */
  #restore(id: NodeId, snapshot: Snapshot): void {
    this.#watcher.restored(id, snapshot);
    const [index, ...rest] = new Uint32Array(snapshot.data.slice().buffer);
    if (index !== snapshot.last.index || rest.some((word) => word !== rest[0])) {
      throw new Violation(`n${id} restores ${index} of ${rest}, wanted ${snapshot.last.index}`);
    }
    this.#servers.get(id)!.applied = snapshot.last.index;
    this.#restored++;
  }

  #apply(id: NodeId, entries: readonly Entry[]): void {
    this.#watcher.applied(id, entries);
    const last = entries.at(-1);
    if (last !== undefined) this.#servers.get(id)!.applied = last.index;
  }

  #compact(id: NodeId, server: Server): void {
    if (server.applied === 0) return;
    const index = this.#random.between(1, server.applied);
    const author = ++this.#count;
    const data = new Uint8Array(Uint32Array.of(index, author, author, author).buffer);
    const look = server.raft.status();
    // An application draws its own state; a snapshot that arrived meanwhile is newer.
    if (index <= look.base.index) return;
    this.#input(server, (raft) => raft.compact(index, data));
    if (server.raft.status().base.index !== index) throw new Violation(`n${id} keeps no image`);
  }

  #read(server: Server): void {
    const context = ++this.#count;
    this.#reads.set(context, this.#watcher.committed);
    this.#input(server, (raft) => raft.read(context));
  }

  #change(server: Server): void {
    const target = anyTarget(this.#random, { status: server.raft.status(), ids: this.#ids });
    if (target === null) return;
    this.#input(server, (raft) => typeof raft.changeMembers(target) === "object");
  }

  #transfer(server: Server): void {
    const to = this.#random.chance(0.5) ? null : this.#random.pick(this.#ids);
    this.#input(server, (raft) => raft.transfer(to));
  }

  /** The disk holds all, a part or nothing of the save that is under way. */
  #crash(id: NodeId): void {
    const { saving } = this.#servers.get(id)!;
    if (saving !== null && this.#random.chance(0.8)) {
      const durable = this.#durable.get(id)!;
      const states = permittedInSave(durable.persistent(), saving);
      durable.replaceWith(this.#random.pick(states));
    }
    this.#start(id);
  }

  #send(envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) {
      this.#watcher.sent(envelope);
      // Of what cannot pass now a little arrives later.
      if (!this.#isHeld(envelope) || this.#random.chance(0.1)) this.#messages.push(envelope);
    }
    while (this.#messages.length > MESSAGES_MAX) this.#pull();
  }

  #isHeld({ from, to }: Envelope): boolean {
    return this.#apart.has(from) !== this.#apart.has(to);
  }

  #pull(): Envelope | undefined {
    const place = this.#random.below(this.#messages.length);
    const envelope = this.#messages[place];
    const last = this.#messages.pop();
    if (last !== undefined && place < this.#messages.length) this.#messages[place] = last;
    return envelope;
  }

  #deliver(again: boolean): void {
    const envelope = this.#pull();
    if (envelope === undefined) return;
    if (this.#isHeld(envelope)) return void this.#messages.push(envelope);
    if (again) this.#messages.push(envelope);
    this.#input(this.#servers.get(envelope.to)!, (raft) => raft.step(envelope));
  }

  #command(): Uint8Array {
    return new Uint8Array(Uint32Array.of(++this.#count).buffer);
  }

  /** Nothing is lost any more, and all that is sent arrives before the next tick. */
  #recover(): void {
    this.#apart = new Set();
    this.#waiting = 0;
    let wanted: Position | null = null;
    for (let round = 0; round < RECOVERY_ROUNDS_MAX; round++) {
      for (const [id, server] of this.#servers) {
        this.#input(server, (raft) => raft.tick());
        const { role, term } = server.raft.standing;
        if (role === "leader" && term !== wanted?.term) {
          wanted = server.raft.propose(this.#command());
          server.hasInput = true;
        }
        this.#turn(id);
      }
      for (let left = 1_000; left > 0 && this.#messages.length > 0; left--) {
        const envelope = this.#messages.shift()!;
        this.#input(this.#servers.get(envelope.to)!, (raft) => raft.step(envelope));
        this.#turn(envelope.to);
      }
      if (wanted === null || this.#watcher.entryAt(wanted.index)?.term !== wanted.term) continue;
      if (this.#haveApplied(wanted.index)) return;
    }
    const looks = [...this.#servers.values()].map(({ raft }) => JSON.stringify(raft.status()));
    throw new Violation(`A whole cluster does not commit:\n${looks.join("\n")}`);
  }

  /** Whether every member of a leader's configuration has applied an entry, and no change is left. */
  #haveApplied(index: Index): boolean {
    return [...this.#servers.values()].some(({ raft }) => {
      const { role, members, membersIndex, commit } = raft.status();
      if (role !== "leader" || membersIndex > commit || members.outgoing.length > 0) return false;
      return [...members.voters, ...members.learners].every(({ id }) =>
        this.#servers.get(id)!.applied >= index
      );
    });
  }

  #turn(id: NodeId): void {
    const server = this.#servers.get(id)!;
    do {
      this.#take(id);
      this.#finish(id);
      this.#beginSave(server);
    } while (server.hasInput || server.saving !== null);
  }
}
