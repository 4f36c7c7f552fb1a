/**
 * The pure core: Figure 2 of the Raft paper, with snapshots (§7). This file is its face: inputs and
 * outputs. What they do stands beside it by section: `elections.ts` (§5.2), `replication.ts` (§5.3),
 * `snapshots.ts` (§7), `read_rounds.ts` (§8), `member_changes.ts` (§6), `transfer.ts` (thesis §3.10),
 * `saves.ts`. Section numbers are the paper's (extended version); "thesis" is Ongaro's dissertation.
 *
 * No clock, no disk, no socket, no async, no logging. Inputs only change memory;
 * {@linkcode Raft.takeEffects} says what must be done about it, in which order, and
 * {@linkcode Raft.takeSave} what must become durable. A save may take its time: inputs arrive and
 * effects leave meanwhile, and {@linkcode Raft.saved} is an input like the others.
 *
 * Invariant: nothing is promised that is not durable. A message leaves when its term and its vote are
 * durable (P1), a candidate counts its own vote when it is durable (P2), an acknowledgement names at
 * most the durable end of the log (P3), and so does a leader that counts itself (L6).
 *
 * @module
 */

import { campaign } from "./elections.ts";
import { advanceMembers, changeMembers, type ChangeRefusal } from "./member_changes.ts";
import type { Configuration, Members, TargetMembers } from "./members/mod.ts";
import type {
  Effects,
  Envelope,
  Index,
  Moment,
  NodeId,
  Persistent,
  Position,
  RaftEnvironment,
  RaftOptions,
  Save,
  Status,
  Term,
} from "./model/mod.ts";
import {
  askLeader,
  beatPeriod,
  startReads,
  startRound,
  takeReads,
  tickReads,
} from "./read_rounds.ts";
import { advanceCommit, appendOwn, canApply, replicate, takeCommitted } from "./replication.ts";
import { saved, takeSave } from "./saves.ts";
import { type Leader, Server } from "./server/mod.ts";
import { compact, imagesChanged } from "./snapshots.ts";
import { step } from "./step.ts";
import { endTransfer, handOver, transfer } from "./transfer.ts";

/**
 * One server of the cluster: all of the protocol, without clock, network or disk.
 *
 * @example A cluster of one server, driven by hand.
 * ```ts
 * import { EMPTY, Raft } from "@kontiki/kontiki/core";
 *
 * const clock = { now: () => performance.now(), wall: () => Date.now() };
 * const raft = new Raft({ id: 1, peers: [1] }, EMPTY, { random: Math.random, clock });
 * raft.propose(new Uint8Array(1)); // null: it does not lead yet
 * while (raft.status().role !== "leader") {
 *   raft.tick();
 *   if (raft.takeSave() !== null) raft.saved(); // a driver writes to a disk before it calls this
 * }
 * raft.propose(new Uint8Array(1));
 * while (raft.takeSave() !== null) raft.saved();
 * const { apply } = raft.takeEffects();
 * console.assert(apply.length === 2); // the entry that opens the term, and the command
 * ```
 */
export class Raft {
  readonly #server: Server;

  /** A follower that continues from what was saved. */
  constructor(options: RaftOptions, persistent: Persistent, environment: RaftEnvironment) {
    this.#server = new Server(options, persistent, environment);
  }

  // ---- Inputs ----------------------------------------------------------------------------------

  /** Time passes, in ticks of equal length. True: there is something to be done about it. */
  tick(): boolean {
    const server = this.#server;
    if (server.role.kind === "leader") return tickLeader(server, server.role);
    server.timer.tick();
    const isDue = tickReads(server);
    if (server.timer.ticksLeft > 0) return isDue;
    if (server.membership.mayStand(server.commit)) {
      campaign(server, server.isProduction ? "pre-vote" : "candidate");
    } else {
      server.follow(server.term, null);
      server.timer.reset();
    }
    return true;
  }

  /** The highest numbers that a correct peer can have from this server. */
  get horizon(): { readonly round: number; readonly last: Index; readonly commit: Index } {
    const server = this.#server;
    const round = server.role.kind === "leader" ? server.role.round : 0;
    return { round, last: server.log.last.index, commit: server.commit };
  }

  /** A message arrived. */
  step(envelope: Envelope): void {
    step(this.#server, envelope);
  }

  /**
   * Bytes of a bulk message from a peer are arriving. A long message of a leader is a sign of life
   * before it is complete, for a while: it may be the last that the leader sent.
   */
  heard(from: NodeId): void {
    const server = this.#server;
    if (server.role.kind === "follower" && server.role.leader === from) server.timer.hearBytes();
  }

  /** Appends a command if this server leads; returns the place it will have if it commits (§5.3). */
  propose(command: Uint8Array): Position | null {
    const server = this.#server;
    if (server.role.kind !== "leader" || server.role.transfer !== null) return null;
    const { index, term } = appendOwn(server, server.role, "command", command);
    return { index, term };
  }

  /**
   * Registers a linearizable read, decided in a later turn's effects; false: this server neither leads
   * nor follows a leader that answers it (§8).
   */
  read(context: number): boolean {
    const { role } = this.#server;
    if (role.kind !== "leader" && !(role.kind === "follower" && role.reads.isAnswering)) {
      return false;
    }
    role.reads.register(context);
    return true;
  }

  /** The save that was taken last is durable. */
  saved(): void {
    saved(this.#server);
  }

  /**
   * What the images say has changed: an image moved on or has arrived, the state became durable up to
   * a later position, or entries can be applied again.
   */
  imagesChanged(): void {
    imagesChanged(this.#server);
  }

  /** The application has an image of everything up to `index`: the log may forget it (§7). */
  compact(index: Index, data: Uint8Array): void {
    compact(this.#server, index, data);
  }

  /**
   * Begins a change of members if this server leads; returns the place of its entry, or why not. It is
   * in force at once, and of use when it is committed. One change at a time, and only when an entry of
   * this term is committed: otherwise a change that this server never saw may be committed too (M3).
   *
   * @throws {RangeError} If no cluster can have these members, or not after the present ones.
   */
  changeMembers(target: TargetMembers): Position | ChangeRefusal {
    return changeMembers(this.#server, target);
  }

  /**
   * Hands leadership over to a voter, or to the one that can take over soonest: no command is taken
   * any more until it has succeeded or an election timeout is over. False: no server can
   * take over, or this one does not lead.
   */
  transfer(to: NodeId | null): boolean {
    return transfer(this.#server, to);
  }

  // ---- Outputs ---------------------------------------------------------------------------------

  /** The effects to perform now; at any time, also while a save is under way. */
  takeEffects(): Effects {
    const server = this.#server;
    const role = server.role;
    if (role.kind === "leader") {
      advanceCommit(server, role);
      advanceMembers(server, role);
      startReads(server, role);
    } else if (role.kind === "follower") askLeader(server, role);
    const send = server.outbox.take();
    if (role.kind === "leader") replicate(server, role, send);
    const restore = server.restore;
    server.restore = null;
    const apply = takeCommitted(server);
    if (role.kind === "leader") handOver(server, role, send);
    return {
      send,
      restore,
      apply,
      reads: takeReads(server),
      members: server.membership.takeNews(),
    };
  }

  /** The last index that its log has durable. */
  get durable(): Index {
    return this.#server.log.durable;
  }

  /** The next save; `null` if there is nothing to save, or a save is under way. */
  takeSave(): Save | null {
    return takeSave(this.#server);
  }

  /** Number of ticks until something is due, if no message arrives before: 1 or more. */
  get ticksUntilDue(): number {
    const server = this.#server;
    if (server.role.kind !== "leader") {
      const isWaiting = server.role.kind === "follower" && server.role.reads.isWaiting;
      return isWaiting ? 1 : server.timer.ticksLeft;
    }
    for (const peer of server.role.peers.all) if (peer.awaitsCommit(server.commit)) return 1;
    return beatPeriod(server, server.role) - server.role.beatTicks;
  }

  /** Whether a limit of the last turn left something to apply or send. */
  get hasMore(): boolean {
    const server = this.#server;
    if (server.applied < server.commit && canApply(server)) return true;
    if (server.role.kind !== "leader") return false;
    for (const peer of server.role.peers.all) if (peer.hasMore) return true;
    return false;
  }

  /**
   * The time, by this server's clock, at which the state up to an index was certainly still the newest
   * of the cluster; `null`: unknown (R8).
   */
  freshAt(applied: Index): number | null {
    return this.#server.freshness.of(applied);
  }

  /** The term of the entry at an index, or `null` if the log does not hold it. */
  termAt(index: Index): Term | null {
    return this.#server.log.termAt(index);
  }

  /** The members in force at an index that the log holds, or at its base. */
  membersAt(index: Index): Members {
    return this.#server.membersAt(index);
  }

  /** The place and the times of the entry at an index, or `null` if the log does not hold it. */
  momentAt(index: Index): Moment | null {
    return this.#server.log.termAt(index) === null ? null : this.#server.log.momentAt(index);
  }

  /** Whether this server was a member, and is none by what is committed (M7). */
  get isRemoved(): boolean {
    return this.#server.isRemoved;
  }

  /** The members in force, and the place of their entry, or where the log begins. */
  get known(): { readonly configuration: Configuration; readonly asOf: Position } {
    const { base, placed: { configuration, index } } = this.#server.log;
    return { configuration, asOf: this.#server.log.positionAt(Math.max(base.index, index)) };
  }

  /** A look from outside. */
  status(): Status {
    return this.#server.status();
  }

  /** The role of this server, and the leader of its term as far as it knows. */
  get standing(): Pick<Status, "term" | "role" | "leader"> {
    return this.#server.standing;
  }
}

/** Time passes for a leader. True: there is something to be done about it. */
function tickLeader(server: Server, role: Leader): boolean {
  role.beatTicks++;
  const isBeat = role.beatTicks >= beatPeriod(server, role);
  if (isBeat) {
    role.beatTicks = 0;
    role.beatRound = ++role.round;
    startRound(server, role);
  }
  role.peers.tick(server.log.last.index);
  for (const peer of role.peers.all) {
    // A new commit index travels with the next append, or with the next tick.
    if (isBeat || peer.awaitsCommit(server.commit)) peer.isDue = true;
  }
  // A leader that hears no majority steps down, so that its clients look elsewhere (thesis §6.2).
  const { configuration } = server.log.placed;
  const active = role.peers.quorumValue(configuration, 1, (peer) => peer.isActive ? 1 : 0);
  const isIsolated = server.isProduction && active === 0;
  if (isIsolated) server.follow(server.term, null);
  const isLate = role.transfer !== null && ++role.transfer.ticks >= server.options.electionTicks;
  if (isLate) endTransfer(server, role);
  return isIsolated || isLate || role.peers.all.some((peer) => peer.isDue);
}
