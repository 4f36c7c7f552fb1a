/**
 * The pure core: Figure 2 of the Raft paper, with snapshots (§7), top to bottom. Section numbers
 * are the paper's (extended version); "thesis" is Ongaro's dissertation.
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

import {
  Configuration,
  encodeMembers,
  entered,
  left,
  type Members,
  type TargetMembers,
} from "./members/mod.ts";
import { ByteImages, isBulk, Peers, type Progress } from "./peers/mod.ts";
import {
  type AppendAccepted,
  type AppendEntries,
  type AppendRejected,
  type Arrival,
  baseOf,
  type Clocks,
  type Effects,
  type Entry,
  type EntryKind,
  type Envelope,
  fillRaftOptions,
  type FullRaftOptions,
  type Images,
  type Index,
  type InstallSnapshot,
  type InstallSnapshotReply,
  invariant,
  LeaderTime,
  Log,
  type Message,
  type Moment,
  type NodeId,
  type Persistent,
  type Position,
  type RaftEnvironment,
  type RaftOptions,
  type Read,
  type RequestVote,
  type RequestVoteReply,
  type Save,
  type Snapshot,
  type Status,
  type Term,
} from "./model/mod.ts";
import { ElectionTimer } from "./election_timer.ts";
import { Membership } from "./membership.ts";
import { Outbox } from "./outbox.ts";
import { ReadQueue } from "./reads.ts";
import type { Candidate, Follower, Leader, PreVote, Role } from "./role.ts";

/**
 * The most by which a message may raise the term. Without a bound, one message with the highest
 * number would leave no term for any election, for ever (X7).
 */
const TERM_JUMP_MAX = 2 ** 32;
/** The most by which a snapshot may be ahead of the log, for the same reason. */
const INDEX_JUMP_MAX = 2 ** 44;
const NO_DATA = new Uint8Array(0);

/** Why a change of members does not begin: nothing has been changed. */
export type ChangeRefusal =
  /** This server does not lead, or is handing over. */
  | "notLeader"
  /** Another change is under way. */
  | "busy"
  /** The leader has committed nothing in its term yet. */
  | "tooEarly"
  /** A new voter does not hold the log yet, or too slowly: it has to be a learner before. */
  | "notCaughtUp";

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
  readonly #options: FullRaftOptions;
  readonly #isProduction: boolean;
  readonly #random: RaftEnvironment["random"];
  readonly #clock: Clocks;
  readonly #waiting: (to: NodeId) => number;
  readonly #trace: RaftEnvironment["trace"];
  readonly #images: Images;

  // Persistent state on all servers (Figure 2).
  #term: Term;
  #votedFor: NodeId | null;
  #snapshot: Snapshot | null;
  readonly #log: Log;
  readonly #membership: Membership;

  // Volatile state on all servers (Figure 2).
  #commit: Index;
  #applied: Index;
  /** The log agrees with that of this term's leader up to here. */
  #verified: Index;
  #role: Role = { kind: "follower", leader: null, owedRound: null };
  /** The round of the last chunk or question of an image from this term's leader. */
  #imageRound = 0;
  readonly #timer: ElectionTimer;

  // What is to be saved, or is being saved.
  #snapshotChanged = false;
  #snapshotSaving: Snapshot | null = null;
  /** The latest snapshot that is durable. */
  #snapshotDurable: Snapshot | null;
  #isSaving = false;

  // What changed since effects were last taken.
  #restore: Snapshot | null = null;
  readonly #outbox = new Outbox();
  #lostReads: Read[] = [];

  /** A follower that continues from what was saved. */
  constructor(options: RaftOptions, persistent: Persistent, environment: RaftEnvironment) {
    this.#options = fillRaftOptions(options);
    this.#isProduction = this.#options.profile === "production";
    this.#random = environment.random;
    this.#clock = environment.clock;
    this.#waiting = environment.waiting ?? (() => 0);
    this.#trace = environment.trace;
    this.#images = environment.images ?? new ByteImages(environment.accepts);
    this.#term = persistent.term;
    this.#votedFor = persistent.votedFor;
    this.#snapshot = this.#snapshotDurable = persistent.snapshot;
    const { snapshot, entries } = persistent;
    const members = snapshot?.members ?? this.#options.founders;
    const first = members === null
      ? Configuration.of(this.#options.peers)
      : new Configuration(members);
    this.#log = new Log(baseOf(persistent), entries, first);
    this.#membership = new Membership(this.#options, this.#log);
    // Beyond the state the commit index is learned anew from a leader, never guessed (L10).
    this.#commit = this.#applied = this.#images.durable?.last.index ?? this.#log.base.index;
    this.#verified = this.#commit;
    this.#timer = new ElectionTimer(this.#options, this.#random);
  }

  // ---- Inputs ----------------------------------------------------------------------------------

  /** Time passes, in ticks of equal length. True: there is something to be done about it. */
  tick(): boolean {
    if (this.#role.kind === "leader") return this.#tickLeader(this.#role);
    this.#timer.tick();
    if (this.#timer.ticksLeft > 0) return false;
    if (this.#membership.mayStand(this.#commit)) {
      this.#campaign(this.#isProduction ? "pre-vote" : "candidate");
    } else {
      this.#follow(this.#term, null);
      this.#timer.reset();
    }
    return true;
  }

  /** The highest numbers that a correct peer can have from this server. */
  get horizon(): { readonly round: number; readonly last: Index; readonly commit: Index } {
    const round = this.#role.kind === "leader" ? this.#role.round : 0;
    return { round, last: this.#log.last.index, commit: this.#commit };
  }

  /** A message arrived. */
  step(envelope: Envelope): void {
    const { from, to, term, message } = envelope;
    // Also a server that is no member here is heard: it may be one in a later configuration (M8).
    if (to !== this.#options.id || from === to) return;
    if (term > this.#term + TERM_JUMP_MAX) return; // X7
    if (message.type === "removed") return this.#onRemoved(message.commit);
    if (message.type === "requestVote" && !message.transfer && this.#hasLiveLeader()) {
      return this.#dismiss(from);
    }
    // Rules for all servers: after a message of a higher term a server is a follower in that term
    // (§5.1).
    if (term > this.#term) this.#follow(term, null);
    if (term < this.#term) return this.#answerStale(from, message);
    switch (message.type) {
      case "requestVote":
        return this.#onRequestVote(from, message);
      case "requestVoteReply":
        return this.#onRequestVoteReply(from, message);
      case "appendEntries":
      case "installSnapshot":
        // A term has one leader (§5.2), so what another says in this server's own is worth nothing.
        if (this.#role.kind === "leader") return;
        return message.type === "appendEntries"
          ? this.#onAppendEntries(from, message)
          : this.#onInstallSnapshot(from, message);
      case "appendEntriesReply":
        return this.#onAppendEntriesReply(from, message);
      case "installSnapshotReply":
        return this.#onInstallSnapshotReply(from, message);
      case "timeoutNow":
        return this.#onTimeoutNow(from);
      default:
        message satisfies never;
    }
  }

  /**
   * Bytes of a bulk message from a peer are arriving. A long message of a leader is a sign of life
   * before it is complete, for a while: it may be the last that the leader sent.
   */
  heard(from: NodeId): void {
    if (this.#role.kind === "follower" && this.#role.leader === from) this.#timer.hearBytes();
  }

  /** Appends a command if this server leads; returns the place it will have if it commits (§5.3). */
  propose(command: Uint8Array): Position | null {
    if (this.#role.kind !== "leader" || this.#role.transfer !== null) return null;
    const { index, term } = this.#appendOwn(this.#role, "command", command);
    return { index, term };
  }

  /** Registers a linearizable read, decided in a later turn's effects; false: not the leader (§8). */
  read(context: number): boolean {
    if (this.#role.kind !== "leader") return false;
    this.#role.reads.register(context);
    return true;
  }

  /** The save that was taken last is durable. */
  saved(): void {
    invariant(this.#isSaving, "a save that ends was taken");
    this.#isSaving = false;
    this.#outbox.saved();
    this.#log.saved();
    if (this.#snapshotSaving !== null) this.#forgetCovered(this.#snapshotSaving);
    const role = this.#role;
    if (role.kind === "candidate") this.#countOwnVote(role);
    else if (role.kind === "follower") this.#acknowledgeOwed(role);
  }

  /**
   * What the images say has changed: an image moved on or has arrived, the state became durable up to
   * a later position, or entries can be applied again.
   */
  imagesChanged(): void {
    const { durable } = this.#images;
    const arrival = this.#images.takeArrival();
    if (arrival !== null) this.#arrived(arrival);
    if (durable !== null && durable.last.index <= this.#applied) {
      this.compact(durable.last.index, durable.data);
    }
  }

  /** The application has an image of everything up to `index`: the log may forget it (§7). */
  compact(index: Index, data: Uint8Array): void {
    invariant(index <= this.#applied, `index ${index} is applied (applied: ${this.#applied})`);
    if (index <= (this.#snapshot?.last.index ?? 0)) return;
    const last = this.#log.momentAt(index);
    this.#snapshot = { last, members: this.membersAt(index), data };
    this.#snapshotChanged = true;
    this.#log.cover(last);
    this.#trace?.(`compacts to ${last.index}@${last.term}`);
  }

  // ---- Outputs ---------------------------------------------------------------------------------

  /** The effects to perform now; at any time, also while a save is under way. */
  takeEffects(): Effects {
    const role = this.#role;
    if (role.kind === "leader") {
      this.#advanceCommit(role);
      this.#advanceMembers(role);
      this.#startReads(role);
    }
    const send = this.#outbox.take();
    if (role.kind === "leader") this.#replicate(role, send);
    const restore = this.#restore;
    this.#restore = null;
    const apply = this.#takeCommitted();
    if (role.kind === "leader") this.#handOver(role, send);
    return { send, restore, apply, reads: this.#takeReads(), members: this.#membership.takeNews() };
  }

  /** The last index that its log has durable. */
  get durable(): Index {
    return this.#log.durable;
  }

  /** The next save; `null` if there is nothing to save, or a save is under way. */
  takeSave(): Save | null {
    if (this.#isSaving) return null;
    const { isVoteDurable } = this.#outbox;
    const vote = isVoteDurable ? null : { term: this.#term, votedFor: this.#votedFor };
    const snapshot = this.#snapshotChanged ? this.#snapshot : null;
    const tail = this.#log.takeTail();
    if (vote === null && snapshot === null && tail === null) return null;
    this.#outbox.saving();
    this.#snapshotSaving = snapshot;
    this.#snapshotChanged = false;
    this.#isSaving = true;
    return { vote, snapshot, tail };
  }

  /** Number of ticks until something is due, if no message arrives before: 1 or more. */
  get ticksUntilDue(): number {
    if (this.#role.kind !== "leader") return this.#timer.ticksLeft;
    for (const peer of this.#role.peers) if (peer.awaitsCommit(this.#commit)) return 1;
    return this.#options.heartbeatTicks - this.#role.beatTicks;
  }

  /** Whether a limit of the last turn left something to apply or send. */
  get hasMore(): boolean {
    if (this.#applied < this.#commit && this.#canApply) return true;
    if (this.#role.kind !== "leader") return false;
    for (const peer of this.#role.peers) if (peer.hasMore) return true;
    return false;
  }

  /** The term of the entry at an index, or `null` if the log does not hold it. */
  termAt(index: Index): Term | null {
    return this.#log.termAt(index);
  }

  /** The members in force when the log ended at an index that no snapshot covers, or just so. */
  membersAt(index: Index): Members {
    return this.#log.placedAt(index).configuration.members;
  }

  /** The place and the times of the entry at an index, or `null` if the log does not hold it. */
  momentAt(index: Index): Moment | null {
    return this.#log.termAt(index) === null ? null : this.#log.momentAt(index);
  }

  /** Whether this server was a member, and is none by what is committed (M7). */
  get isRemoved(): boolean {
    return this.#membership.isRemoved(this.#commit);
  }

  /** The members in force, and the place of their entry, or where the log begins. */
  get known(): { readonly configuration: Configuration; readonly asOf: Position } {
    const { base, placed: { configuration, index } } = this.#log;
    return { configuration, asOf: this.#log.positionAt(Math.max(base.index, index)) };
  }

  /** A look from outside. */
  status(): Status {
    const role = this.#role;
    return {
      id: this.#options.id,
      term: this.#term,
      role: role.kind,
      leader: this.standing.leader,
      votedFor: this.#votedFor,
      members: this.#log.placed.configuration.members,
      membersIndex: this.#log.placed.index,
      removed: this.isRemoved,
      transferTo: role.kind === "leader" ? role.transfer?.to ?? null : null,
      base: this.#log.positionAt(this.#snapshot?.last.index ?? 0),
      last: this.#log.positionAt(this.#log.last.index),
      durable: this.#log.durable,
      commit: this.#commit,
      applied: this.#applied,
      logBytes: this.#log.bytes,
      snapshotBytes: this.#snapshot === null ? 0 : this.#images.size(this.#snapshot),
      peers: role.kind === "leader" ? role.peers.status(this.#images) : [],
    };
  }

  /** The role of this server, and the leader of its term as far as it knows. */
  get standing(): Pick<Status, "term" | "role" | "leader"> {
    const { kind: role } = this.#role;
    const leader = this.#role.kind === "follower" ? this.#role.leader : null;
    return { term: this.#term, role, leader: role === "leader" ? this.#options.id : leader };
  }

  // ---- Roles (§5.1, §5.2, Figure 4) ------------------------------------------------------------

  /** Follows in a term, the same or a later one. The vote is cleared only by a new term (E2). */
  #follow(term: Term, leader: NodeId | null): void {
    const before = this.#role;
    if (term > this.#term) this.#enter(term, null);
    if (before.kind === "leader") {
      this.#lostReads = this.#lostReads.concat(before.reads.abandon());
      this.#timer.reset();
    }
    this.#role = { kind: "follower", leader, owedRound: null };
    this.#trace?.(`follows ${leader === null ? "nobody" : `n${leader}`} in term ${term}`);
  }

  /** Starts an election, or the pre-vote before one, which changes neither term nor vote. */
  #campaign(kind: "pre-vote" | "candidate", transfer = false): void {
    if (kind === "candidate") this.#enter(this.#term + 1, this.#options.id);
    // After a pre-vote that failed any message of the leader counts again: should a number be wrong,
    // this server must not ignore a leader that all others hear.
    else if (this.#role.kind === "pre-vote") this.#timer.forgetRounds();
    const role: PreVote | Candidate = { kind, votes: new Set() };
    this.#role = role;
    this.#timer.reset();
    this.#trace?.(kind === "pre-vote" ? "tries an election" : `is candidate in term ${this.#term}`);
    const { index, term } = this.#log.last;
    const { configuration } = this.#log.placed;
    for (const { id } of configuration.all) {
      if (id === this.#options.id || !configuration.isVoter(id)) continue;
      const preVote = kind === "pre-vote";
      this.#reply(id, { type: "requestVote", preVote, transfer, last: { index, term } });
    }
    this.#countOwnVote(role);
  }

  /** Enters a term. Of its leader's log only the committed part is known yet. */
  #enter(term: Term, votedFor: NodeId | null): void {
    this.#term = term;
    this.#votedFor = votedFor;
    this.#outbox.voteChanged();
    this.#outbox.clear();
    this.#verified = this.#commit;
    this.#timer.forgetRounds();
    this.#imageRound = 0;
  }

  /**
   * Counts its own vote once that is durable: before, a crash may erase it, and another candidate
   * get it (P2).
   */
  #countOwnVote(role: PreVote | Candidate): void {
    if (role.kind === "candidate" && !this.#outbox.isVoteDurable) return;
    role.votes.add(this.#options.id);
    this.#countVotes();
  }

  /** A majority of votes elects (§5.2); a majority of pre-votes starts the election. */
  #countVotes(): void {
    const role = this.#role;
    if (!("votes" in role)) return;
    if (!this.#log.placed.configuration.hasQuorum((id) => role.votes.has(id))) return;
    if (role.kind === "pre-vote") this.#campaign("candidate");
    else this.#lead();
  }

  /**
   * Won the election: announces that to all at once (§5.2) and opens the term with a no-op (§8).
   */
  #lead(): void {
    const peers = new Peers(this.#options, this.#log.placed, this.#log.last.index);
    const time = new LeaderTime(this.#log.last.times, this.#clock);
    const reads = new ReadQueue();
    const role: Leader = {
      ...{ kind: "leader", peers, round: 0, beatTicks: 0 },
      ...{ reads, time, transfer: null },
    };
    this.#role = role;
    this.#trace?.(`leads term ${this.#term}`);
    if (this.#isProduction) this.#appendOwn(role, "noop", NO_DATA);
  }

  #tickLeader(role: Leader): boolean {
    role.beatTicks++;
    const isBeat = role.beatTicks >= this.#options.heartbeatTicks;
    if (isBeat) {
      role.beatTicks = 0;
      role.round++;
    }
    role.peers.tick(this.#log.last.index);
    for (const peer of role.peers) {
      // A new commit index travels with the next append, or with the next tick.
      if (isBeat || peer.awaitsCommit(this.#commit)) peer.isDue = true;
    }
    // A leader that hears no majority steps down, so that its clients look elsewhere (thesis §6.2).
    const { configuration } = this.#log.placed;
    const active = role.peers.quorumValue(configuration, 1, (peer) => peer.isActive ? 1 : 0);
    const isIsolated = this.#isProduction && active === 0;
    if (isIsolated) this.#follow(this.#term, null);
    const isLate = role.transfer !== null && ++role.transfer.ticks >= this.#options.electionTicks;
    if (isLate) this.#endTransfer(role);
    return isIsolated || isLate || [...role.peers].some((peer) => peer.isDue);
  }

  // ---- Elections (§5.2, §5.4.1) ----------------------------------------------------------------

  /**
   * While a leader is alive no election is needed: a server that hears it ignores candidates, so
   * that a server which was cut off for a while cannot disturb the others (§6, thesis §4.2.3; E9).
   */
  #hasLiveLeader(): boolean {
    const { role, leader } = this.standing;
    const isHeard = leader !== null && this.#timer.isLeaderRecent;
    return this.#isProduction && (role === "leader" || isHeard);
  }

  #onRequestVote(from: NodeId, { preVote, last }: RequestVote): void {
    const own = this.#log.last;
    // Election restriction: never for a log that is behind ours (§5.4.1).
    const isUpToDate = last.term > own.term || (last.term === own.term && last.index >= own.index);
    const isFree = preVote || this.#votedFor === null || this.#votedFor === from;
    const granted = isUpToDate && isFree;
    if (granted && !preVote) {
      if (this.#role.kind !== "follower") this.#follow(this.#term, null);
      if (this.#votedFor === null) {
        this.#votedFor = from;
        this.#outbox.voteChanged();
        this.#trace?.(`votes for n${from} in term ${this.#term}`);
      }
      this.#timer.reset();
    }
    this.#reply(from, { type: "requestVoteReply", preVote, granted });
    if (!granted) this.#dismiss(from);
  }

  #onRequestVoteReply(from: NodeId, { preVote, granted }: RequestVoteReply): void {
    const role = this.#role;
    if (!granted || role.kind !== (preVote ? "pre-vote" : "candidate")) return;
    role.votes.add(from);
    this.#countVotes();
  }

  // ---- Log replication (§5.3) ------------------------------------------------------------------

  #appendOwn({ time, peers }: Leader, kind: EntryKind, data: Uint8Array): Entry {
    const index = this.#log.last.index + 1;
    const entry: Entry = { index, term: this.#term, times: time.read(), kind, data };
    this.#log.append(entry);
    if (kind === "members") peers.follow(this.#log.placed, index);
    return entry;
  }

  /** Appends promise nothing about this server's disk: they leave while it writes (thesis §10.2.1). */
  #replicate({ peers, round, time }: Leader, send: Envelope[]): void {
    time.turned();
    const { snapshot, images } = { snapshot: this.#snapshotDurable, images: this.#images };
    const state = { log: this.#log, snapshot, images, commit: this.#commit, round };
    for (const peer of peers) {
      for (const message of peer.takeMessages({ ...state, waiting: this.#waiting(peer.id) })) {
        send.push(this.#envelope(peer.id, message));
      }
    }
  }

  #onAppendEntries(from: NodeId, message: AppendEntries): void {
    const { previous, entries, round } = message;
    const role = this.#hear(from, round);
    if (role === null) return;
    if (previous.index < this.#log.base.index) {
      // Everything up to our snapshot is committed, so the leader has it too.
      return this.#verify(role, this.#commit, message);
    }
    // Entries before this position may still be arriving; whether they are lost is not known.
    if (!this.#log.matches(previous) && entries.length === 0 && this.#timer.isReceiving) {
      return this.#verify(role, this.#commit, message);
    }
    if (!this.#log.matches(previous)) {
      const conflict = this.#log.conflictWith(previous);
      const refusal = { previous: previous.index, conflict, round };
      return this.#reply(from, { type: "appendEntriesReply", accepted: false, ...refusal });
    }
    const cut = this.#log.splice(entries);
    invariant(cut === null || cut > this.#commit, `index ${cut} to be cut is not committed`); // L4
    this.#verify(role, previous.index + entries.length, message);
    // Only what the leader's messages have verified may be committed because of them (L2).
    this.#commitTo(Math.min(message.commit, this.#verified));
  }

  /**
   * The log agrees with the leader's up to the index. That is acknowledged at once, or when it is
   * durable.
   */
  #verify(role: Follower, index: Index, message: AppendEntries | InstallSnapshot): void {
    this.#verified = Math.max(this.#verified, index);
    role.owedRound = Math.max(role.owedRound ?? 0, message.round);
    // A round without entries is answered at once: it confirms reads and the leader's lead.
    if (!isBulk(message) || this.#log.durable >= this.#verified) this.#acknowledgeOwed(role);
  }

  /** Acknowledges what is durable; the rest stays owed until the next save has ended (P3). */
  #acknowledgeOwed(role: Follower): void {
    if (role.leader === null || role.owedRound === null) return;
    const match = Math.min(this.#verified, this.#log.durable);
    const { owedRound: round } = role;
    this.#reply(role.leader, { type: "appendEntriesReply", accepted: true, match, round });
    if (match === this.#verified) role.owedRound = null;
  }

  #onAppendEntriesReply(from: NodeId, message: AppendAccepted | AppendRejected): void {
    const peer = this.#hearPeer(from, message.round);
    if (peer === null) return;
    if (message.accepted) {
      if (message.match > this.#log.last.index) return;
      return peer.accepted(message.match, message.round);
    }
    const { previous, conflict } = message;
    if (!peer.isNews(previous)) return;
    // Back up by a whole term at a time (end of §5.3): behind our own last entry of the follower's
    // term if we have that term, else to where the follower's term begins.
    const own = conflict.term === null ? null : this.#log.lastOfTerm(conflict.term);
    const next = own !== null && own < previous ? own + 1 : conflict.index;
    peer.rejected(Math.min(next, previous));
  }

  /**
   * An entry of this term on a majority is committed, and so are all entries before it (§5.3,
   * §5.4.2).
   */
  #advanceCommit(role: Leader): void {
    const { configuration } = this.#log.placed;
    // This server's disk counts like the others, up to its durable index (L6).
    const index = role.peers.quorumValue(configuration, this.#log.durable, (peer) => peer.match);
    if (this.#log.termAt(index) === this.#term) this.#commitTo(index);
  }

  #commitTo(index: Index): void {
    if (index <= this.#commit) return;
    invariant(index <= this.#log.last.index, `committed index ${index} is in the log`);
    this.#commit = index;
    this.#trace?.(`commits ${index}`);
  }

  // ---- Snapshots (§7) --------------------------------------------------------------------------

  #onInstallSnapshot(from: NodeId, message: InstallSnapshot): void {
    const { last, members, offset, data, total, round } = message;
    const role = this.#hear(from, round);
    if (role === null) return;
    if (last.index > this.#log.last.index + INDEX_JUMP_MAX) return;
    if (last.index <= this.#commit) return this.#verify(role, this.#commit, message);
    if (this.#log.matches(last)) {
      // The log holds the snapshot's last entry, so that entry and all after it are kept (§7).
      this.#commitTo(last.index);
      return this.#verify(role, last.index, message);
    }
    if (data.length === 0 && total > 0 && this.#timer.isReceiving) {
      return this.#verify(role, this.#commit, message);
    }
    this.#imageRound = Math.max(this.#imageRound, round);
    const arrival = this.#images.receive({ from, last, members, offset, data, total });
    // A chunk that waits to be processed is not lost: its answer follows.
    if (arrival.isBusy) this.#verify(role, this.#commit, message);
    else this.#arrived(arrival);
  }

  /** Tells the leader how much of an image is here, or installs one that is whole. */
  #arrived(
    { last: { index, term }, place: { offset: received, cursor }, snapshot }: Arrival,
  ): void {
    const last = { index, term };
    const role = this.#role;
    if (snapshot !== null) this.#install(snapshot);
    if (role.kind !== "follower" || role.leader === null) return;
    const round = this.#imageRound;
    if (snapshot === null) {
      const reply = { last, received, cursor, round };
      return this.#reply(role.leader, { type: "installSnapshotReply", ...reply });
    }
    this.#verified = Math.max(this.#verified, last.index);
    role.owedRound = Math.max(role.owedRound ?? 0, round);
    if (this.#log.durable >= this.#verified) this.#acknowledgeOwed(role);
  }

  /**
   * The log conflicts with the snapshot, or ends before it, so all of it is dropped (§7). While the
   * image was put into force the log may have come to hold its position; then it stays.
   */
  #install(snapshot: Snapshot): void {
    const { last } = snapshot;
    this.#snapshot = snapshot;
    this.#snapshotChanged = true;
    this.#restore = snapshot;
    if (this.#log.matches(last)) this.#log.cover(last);
    else this.#log.reset(last, snapshot.members);
    this.#applied = last.index;
    this.#commit = Math.max(this.#commit, last.index);
    this.#trace?.(`installs snapshot ${snapshot.last.index}@${snapshot.last.term}`);
  }

  /** A durable snapshot may be offered to peers, and the log forgets most of what it covers (§7). */
  #forgetCovered(snapshot: Snapshot): void {
    this.#snapshotDurable = snapshot;
    this.#snapshotSaving = null;
    const peers = this.#role.kind === "leader" ? [...this.#role.peers] : [];
    // A peer that receives a snapshot will need the entries after it.
    const keep = Math.min(...peers.map(({ transferring }) => transferring ?? Infinity));
    this.#log.trim(this.#options.trailingBytes, keep);
  }

  #onInstallSnapshotReply(from: NodeId, message: InstallSnapshotReply): void {
    const held = this.#log.matches(message.last) ? this.#log.momentAt(message.last.index) : null;
    this.#hearPeer(from, message.round)?.received(message, { images: this.#images, held });
  }

  // ---- Linearizable reads (§8, thesis §6.4) ----------------------------------------------------

  /** One round of heartbeats confirms all reads that were registered before it began (R2). */
  #startReads(role: Leader): void {
    // Before the first commit of its term a leader does not know what is committed (R1).
    if (!role.reads.hasRegistered || this.#log.termAt(this.#commit) !== this.#term) return;
    // One round at a time: under load it serves all reads that gathered during the one before.
    if (role.reads.startedRound > this.#confirmedRound(role)) return;
    role.round++;
    role.reads.start(this.#commit, role.round);
    for (const peer of role.peers) peer.isDue = true;
  }

  #takeReads(): readonly Read[] {
    const lost = this.#lostReads.splice(0);
    const role = this.#role;
    if (role.kind !== "leader" || !role.reads.hasStarted) return lost;
    return [...lost, ...role.reads.take(this.#confirmedRound(role), this.#applied)];
  }

  /** The latest round that a majority has answered. */
  #confirmedRound({ peers, round }: Leader): number {
    return peers.quorumValue(this.#log.placed.configuration, round, (peer) => peer.round);
  }

  // ---- Members (§6, thesis §3.10, §4) ----------------------------------------------------------

  /**
   * Begins a change of members if this server leads; returns the place of its entry, or why not. It is
   * in force at once, and of use when it is committed. One change at a time, and only when an entry of
   * this term is committed: otherwise a change that this server never saw may be committed too (M3).
   *
   * @throws {RangeError} If no cluster can have these members, or not after the present ones.
   */
  changeMembers(target: TargetMembers): Position | ChangeRefusal {
    const role = this.#role;
    if (role.kind !== "leader" || role.transfer !== null) return "notLeader";
    const { configuration, index } = this.#log.placed;
    if (configuration.isJoint || index > this.#commit) return "busy";
    if (this.#log.termAt(this.#commit) !== this.#term) return "tooEarly";
    const members = entered(configuration.members, target);
    const isNew = (id: NodeId): boolean => !configuration.isVoter(id);
    if (target.voters.some(({ id }) => isNew(id) && !role.peers.hasCaughtUp(id))) {
      return "notCaughtUp"; // M5
    }
    const entry = this.#appendOwn(role, "members", encodeMembers(members));
    this.#trace?.(`changes the members with ${entry.index}@${entry.term}`);
    return { index: entry.index, term: entry.term };
  }

  /**
   * Hands leadership over to a voter, or to the one that can take over soonest: no command is taken
   * any more until it has succeeded or an election timeout is over. False: there is nobody, or this
   * server does not lead.
   */
  transfer(to: NodeId | null): boolean {
    const role = this.#role;
    if (role.kind !== "leader" || role.transfer !== null) return false;
    const { configuration } = this.#log.placed;
    const successor = to ?? role.peers.best(configuration);
    if (successor === null || role.peers.get(successor) === undefined) return false;
    if (!configuration.members.voters.some(({ id }) => id === successor)) return false;
    role.transfer = { to: successor, ticks: 0, isAsked: false };
    this.#trace?.(`hands over to n${successor}`);
    return true;
  }

  /** The joint configuration is committed: the new voters alone decide from the next entry on. */
  #advanceMembers(role: Leader): void {
    const { configuration, index } = this.#log.placed;
    if (index > this.#commit) return;
    if (!configuration.isJoint) {
      // Before this leader leaves, it notifies all of the commit.
      if (this.#isLeaving && role.transfer === null) {
        for (const peer of role.peers) peer.isDue = true;
      }
    } else if (this.#log.termAt(this.#commit) === this.#term) {
      this.#appendOwn(role, "members", encodeMembers(left(configuration.members)));
    }
  }

  /**
   * Asks the successor to stand when it has all that this leader has (thesis §3.10). A leader that is
   * no voter any more has led until that was committed, and looks for a successor by itself (M6).
   */
  #handOver(role: Leader, send: Envelope[]): void {
    const isLeaving = this.#isLeaving;
    if (isLeaving && role.transfer === null) {
      const to = role.peers.best(this.#log.placed.configuration);
      if (to === null) return this.#follow(this.#term, null);
      role.transfer = { to, ticks: 0, isAsked: false };
    }
    const { transfer, peers } = role;
    if (transfer === null || transfer.isAsked) return;
    const end = this.#log.last.index;
    // What was proposed has been applied here, so that no caller is left without an answer.
    if (this.#applied < end || peers.get(transfer.to)?.match !== end) return;
    transfer.isAsked = true;
    send.push(this.#envelope(transfer.to, { type: "timeoutNow" }));
    if (isLeaving) this.#follow(this.#term, null);
  }

  /** Whether members without this server as a voter are committed. */
  get #isLeaving(): boolean {
    return this.#log.placed.index <= this.#commit && !this.#membership.isVoter;
  }

  /** The successor did not take over in time: lead on, or leave without one (M10). */
  #endTransfer(role: Leader): void {
    role.transfer = null;
    if (this.#isLeaving) this.#follow(this.#term, null);
  }

  #onTimeoutNow(from: NodeId): void {
    const role = this.#role;
    if (
      role.kind !== "follower" || role.leader !== from || !this.#membership.mayStand(this.#commit)
    ) return;
    this.#campaign("candidate", true);
  }

  /** A member knows, by all that is committed up to an index, that this server is none (M7). */
  #onRemoved(commit: Index): void {
    this.#membership.removed(commit);
    if (this.isRemoved && "votes" in this.#role) this.#follow(this.#term, null);
  }

  /** Notifies a server that stands for election although it was removed (M7). */
  #dismiss(candidate: NodeId): void {
    const commit = this.#commit;
    if (!this.#membership.excludes(candidate, commit)) return;
    this.#reply(candidate, { type: "removed", commit });
  }

  // ---- Helpers ---------------------------------------------------------------------------------

  /**
   * A message of this term's leader, which the server follows (§5.2). A late one does not end a
   * pre-vote (`null`).
   */
  #hear(leader: NodeId, round: number): Follower | null {
    invariant(this.#role.kind !== "leader", `term ${this.#term} has one leader (§5.2)`);
    const isAlive = this.#timer.hearRound(round);
    if (!isAlive && this.#role.kind === "pre-vote") return null; // E11
    if (this.#role.kind !== "follower" || this.#role.leader !== leader) {
      this.#follow(this.#term, leader);
    }
    invariant(this.#role.kind === "follower", "who hears a leader follows it");
    return this.#role;
  }

  /** A reply from a peer in our term; `null` if we do not lead it. */
  #hearPeer(from: NodeId, round: number): Progress | null {
    if (this.#role.kind !== "leader") return null;
    const peer = this.#role.peers.get(from);
    // An answer to a round that has not begun confirms nothing (R2).
    if (peer === undefined || round > this.#role.round) return null;
    peer.heard(round);
    return peer;
  }

  /** Refuses a request of an earlier term, with our term (§5.1). */
  #answerStale(from: NodeId, message: Message): void {
    if (message.type === "requestVote") {
      this.#reply(from, { type: "requestVoteReply", preVote: message.preVote, granted: false });
      this.#dismiss(from);
    } else if (message.type === "appendEntries" || message.type === "installSnapshot") {
      const conflict = { term: null, index: this.#log.last.index + 1 };
      // The sender may have become leader of our term; zeros keep it from taking the old round as
      // current (L9, R2).
      const refusal = { round: 0, previous: 0, conflict };
      this.#reply(from, { type: "appendEntriesReply", accepted: false, ...refusal });
    }
  }

  /** Sends a message once the term and vote in it are durable (P1). */
  #reply(to: NodeId, message: Message): void {
    this.#outbox.add(this.#envelope(to, message));
  }

  #envelope(to: NodeId, message: Message): Envelope {
    return { from: this.#options.id, to, term: this.#term, message };
  }

  /** A leader without room takes no new commands, so its log bounds what it applies (D5). */
  get #canApply(): boolean {
    const { canApply, hasRoom } = this.#images;
    return canApply || !hasRoom && this.#role.kind === "leader";
  }

  #takeCommitted(): readonly Entry[] {
    if (!this.#canApply) return [];
    const entriesMax = Math.min(this.#options.applyEntriesMax, this.#commit - this.#applied);
    const { entries } = this.#log.slice(this.#applied + 1, { entriesMax, bytesMax: Infinity });
    this.#applied += entries.length;
    return entries;
  }
}
