/**
 * The state of one server (Figure 2 of the Raft paper), and the few changes of it that every section of
 * the protocol makes: it follows, enters a term, commits, hears a peer, sends a message. The sections are
 * the files above this folder; they are functions on this state. No other folder sees it.
 *
 * @module
 */

import { Configuration, type Members } from "../members/mod.ts";
import { ByteImages, type Progress } from "../peers/mod.ts";
import {
  baseOf,
  type Clocks,
  type Envelope,
  fillRaftOptions,
  type FullRaftOptions,
  type Images,
  type Index,
  invariant,
  Log,
  type Message,
  type NodeId,
  type Persistent,
  type RaftEnvironment,
  type RaftOptions,
  type Read,
  type Snapshot,
  type Status,
  type Term,
} from "../model/mod.ts";
import { ElectionTimer } from "./election_timer.ts";
import { FollowerReads } from "./follower_reads.ts";
import { Freshness } from "./freshness.ts";
import { Membership } from "./membership.ts";
import { Outbox } from "./outbox.ts";
import { Questions } from "./questions.ts";
import type { Follower, Role } from "./role.ts";

/** The memory of one server: Figure 2, and what this implementation adds to it. */
export class Server {
  readonly options: FullRaftOptions;
  readonly isProduction: boolean;
  readonly clock: Clocks;
  readonly waiting: (to: NodeId) => number;
  readonly trace: RaftEnvironment["trace"];
  readonly images: Images;

  // Persistent state on all servers (Figure 2).
  term: Term;
  votedFor: NodeId | null;
  snapshot: Snapshot | null;
  readonly log: Log;
  readonly membership: Membership;

  // Volatile state on all servers (Figure 2).
  commit: Index;
  applied: Index;
  /** The log agrees with that of this term's leader up to here. */
  verified: Index;
  role: Role = followerOf(null);
  /** The round of the last chunk or question of an image from this term's leader. */
  imageRound = 0;
  readonly timer: ElectionTimer;
  readonly questions: Questions;
  readonly freshness = new Freshness();

  // What is to be saved, or is being saved.
  snapshotChanged = false;
  snapshotSaving: Snapshot | null = null;
  /** The latest snapshot that is durable. */
  snapshotDurable: Snapshot | null;
  isSaving = false;

  // What changed since effects were last taken.
  restore: Snapshot | null = null;
  readonly outbox = new Outbox();
  lostReads: Read[] = [];

  /** A follower that continues from what was saved. */
  constructor(options: RaftOptions, persistent: Persistent, environment: RaftEnvironment) {
    this.options = fillRaftOptions(options);
    this.isProduction = this.options.profile === "production";
    this.clock = environment.clock;
    this.waiting = environment.waiting ?? (() => 0);
    this.trace = environment.trace;
    this.images = environment.images ?? new ByteImages(environment.accepts);
    this.term = persistent.term;
    this.votedFor = persistent.votedFor;
    this.snapshot = this.snapshotDurable = persistent.snapshot;
    const { snapshot, entries } = persistent;
    const members = snapshot?.members ?? this.options.founders;
    const first = members === null
      ? Configuration.of(this.options.peers)
      : new Configuration(members);
    this.log = new Log(baseOf(persistent), entries, first);
    this.membership = new Membership(this.options, this.log);
    // Beyond the state the commit index is learned anew from a leader, never guessed (L10).
    this.commit = this.applied = this.images.durable?.last.index ?? this.log.base.index;
    this.verified = this.commit;
    this.timer = new ElectionTimer(this.options, environment.random);
    this.questions = new Questions(environment.random);
  }

  /** The role of this server, and the leader of its term as far as it knows. */
  get standing(): Pick<Status, "term" | "role" | "leader"> {
    const { kind: role } = this.role;
    const leader = this.role.kind === "follower" ? this.role.leader : null;
    return { term: this.term, role, leader: role === "leader" ? this.options.id : leader };
  }

  /** Follows in a term, the same or a later one. The vote is cleared only by a new term (E2). */
  follow(term: Term, leader: NodeId | null): void {
    const before = this.role;
    if (term > this.term) this.enter(term, null);
    if (before.kind === "leader") this.timer.reset();
    this.become(followerOf(leader));
    this.trace?.(`follows ${leader === null ? "nobody" : `n${leader}`} in term ${term}`);
  }

  /** Takes another role. Reads of the role before can never be confirmed. */
  become(role: Role): void {
    if ("reads" in this.role) this.lostReads = this.lostReads.concat(this.role.reads.abandon());
    this.role = role;
  }

  /** Enters a term. Of its leader's log only the committed part is known yet. */
  enter(term: Term, votedFor: NodeId | null): void {
    this.term = term;
    this.votedFor = votedFor;
    this.outbox.voteChanged();
    this.outbox.clear();
    this.verified = this.commit;
    this.timer.forgetRounds();
    this.imageRound = 0;
  }

  /** Everything up to an index is committed. */
  commitTo(index: Index): void {
    if (index <= this.commit) return;
    invariant(index <= this.log.last.index, `committed index ${index} is in the log`);
    this.commit = index;
    this.trace?.(`commits ${index}`);
  }

  /**
   * A message of this term's leader, which the server follows (§5.2). A late one does not end a
   * pre-vote (`null`).
   */
  hear(leader: NodeId, round: number): Follower | null {
    invariant(this.role.kind !== "leader", `term ${this.term} has one leader (§5.2)`);
    const isAlive = this.timer.hearRound(round);
    if (!isAlive && this.role.kind === "pre-vote") return null; // E11
    if (this.role.kind !== "follower" || this.role.leader !== leader) {
      this.follow(this.term, leader);
    }
    invariant(this.role.kind === "follower", "a server that hears a leader follows it");
    return this.role;
  }

  /** A reply from a peer in our term; `null` if we do not lead it. */
  hearPeer(from: NodeId, round: number): Progress | null {
    if (this.role.kind !== "leader") return null;
    const peer = this.role.peers.get(from);
    // An answer to a round that has not begun confirms nothing (R2).
    if (peer === undefined || round > this.role.round) return null;
    peer.heard(round);
    return peer;
  }

  /** Sends a message once the term and vote in it are durable (P1). */
  reply(to: NodeId, message: Message): void {
    this.outbox.add(this.envelope(to, message));
  }

  /** A message of this server's term. */
  envelope(to: NodeId, message: Message): Envelope {
    return { from: this.options.id, to, term: this.term, message };
  }

  /** The members in force at an index that the log holds, or at its base. */
  membersAt(index: Index): Members {
    return this.log.placedAt(index).configuration.members;
  }

  /** Whether this server was a member, and is none by what is committed (M7). */
  get isRemoved(): boolean {
    return this.membership.isRemoved(this.commit);
  }

  /** A look from outside. */
  status(): Status {
    const role = this.role;
    return {
      id: this.options.id,
      term: this.term,
      role: role.kind,
      leader: this.standing.leader,
      votedFor: this.votedFor,
      members: this.log.placed.configuration.members,
      membersIndex: this.log.placed.index,
      removed: this.isRemoved,
      transferTo: role.kind === "leader" ? role.transfer?.to ?? null : null,
      base: this.log.positionAt(this.snapshot?.last.index ?? 0),
      last: this.log.positionAt(this.log.last.index),
      durable: this.log.durable,
      commit: this.commit,
      applied: this.applied,
      logBytes: this.log.bytes,
      snapshotBytes: this.snapshot === null ? 0 : this.images.size(this.snapshot),
      peers: role.kind === "leader" ? role.peers.status(this.images) : [],
    };
  }
}

function followerOf(leader: NodeId | null): Follower {
  const reads = new FollowerReads();
  return { kind: "follower", leader, owedRound: null, askedRound: 0, reads };
}
