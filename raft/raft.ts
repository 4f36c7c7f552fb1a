/**
 * The pure core: Figure 2 of the Raft paper, with snapshots (§7), top to bottom. Section numbers
 * are the paper's (extended version); "thesis" is Ongaro's dissertation.
 *
 * No clock, no disk, no socket, no async, no logging. Inputs ({@linkcode Raft.tick},
 * {@linkcode Raft.step}, {@linkcode Raft.propose}, {@linkcode Raft.read}, {@linkcode Raft.compact})
 * only change memory; {@linkcode Raft.takeEffects} says what must be done about it, in which order.
 * An input may arrive while earlier effects are being carried out, but effects are taken only when
 * the earlier ones are done: so everything taken before is durable when anything is taken.
 *
 * @module
 */

import { invariant } from "./invariant.ts";
import { entryBytes, Log } from "./log.ts";
import { fillRaftOptions, type FullRaftOptions, type RaftOptions } from "./options.ts";
import { Progress } from "./progress.ts";
import type { Random } from "./ports.ts";
import type {
  AppendAccepted,
  AppendEntries,
  AppendRejected,
  Effects,
  Entry,
  Envelope,
  Index,
  InstallSnapshot,
  InstallSnapshotReply,
  Message,
  NodeId,
  Persistent,
  Position,
  Read,
  RequestVote,
  RequestVoteReply,
  Save,
  Snapshot,
  Status,
  Term,
} from "./types.ts";

/** State that a server has only in its role; leaving the role discards it whole (§5.1). */
type Role =
  | {
    readonly kind: "follower";
    readonly leader: NodeId | null;
    /** The snapshot that is arriving from the leader. */
    transfer: Transfer | null;
  }
  /** Asks whether an election could be won, before it disturbs anybody (thesis §9.6). */
  | { readonly kind: "trial"; readonly votes: Set<NodeId> }
  | { readonly kind: "candidate"; readonly votes: Set<NodeId> }
  | {
    readonly kind: "leader";
    readonly peers: ReadonlyMap<NodeId, Progress>;
    /** Heartbeat rounds started for reads. An answer to a round confirms what was read before it. */
    round: number;
    reads: PendingRead[];
  };

type Leader = Extract<Role, { kind: "leader" }>;

interface Transfer {
  readonly last: Position;
  readonly chunks: Uint8Array[];
  received: number;
}

/** A read waits for a round of heartbeats, then for its index to be applied (thesis §6.4). */
interface PendingRead {
  readonly context: number;
  start: { readonly index: Index; readonly round: number } | null;
}

/** What the core needs beside its options. */
export interface RaftEnvironment {
  readonly random: Random;
  /** Told of every change of role, vote, commit and snapshot, in words. */
  readonly trace?: (event: string) => void;
}

/** One server of the cluster: all of the protocol, none of the world. */
export class Raft {
  readonly #options: FullRaftOptions;
  readonly #random: Random;
  readonly #trace: ((event: string) => void) | undefined;

  // Persistent state on all servers (Figure 2).
  #term: Term;
  #votedFor: NodeId | null;
  #snapshot: Snapshot | null;
  readonly #log: Log;

  // Volatile state on all servers (Figure 2).
  #commit: Index;
  #applied: Index;
  #role: Role = { kind: "follower", leader: null, transfer: null };
  /** Ticks since the election timer was reset; for a leader, since its last heartbeat. */
  #elapsedTicks = 0;
  /** When `#elapsedTicks` reaches this, a server that is not leading stands for election. */
  #timeoutTicks = 0;

  // What changed since effects were last taken.
  #voteChanged = false;
  #snapshotChanged = false;
  #restore: Snapshot | null = null;
  #outbox: Envelope[] = [];
  #lostReads: Read[] = [];

  constructor(options: RaftOptions, persistent: Persistent, environment: RaftEnvironment) {
    this.#options = fillRaftOptions(options);
    this.#random = environment.random;
    this.#trace = environment.trace;
    this.#term = persistent.term;
    this.#votedFor = persistent.votedFor;
    this.#snapshot = persistent.snapshot;
    const base = persistent.snapshot?.last ?? { index: 0, term: 0 };
    this.#log = new Log(base, persistent.entries);
    // Beyond the snapshot, what is committed is learned anew from a leader, never guessed (L10).
    this.#commit = base.index;
    this.#applied = base.index;
    this.#resetElectionTimer();
  }

  // ---- Inputs ----------------------------------------------------------------------------------

  /** Time passes, in ticks of equal length. */
  tick(): void {
    this.#elapsedTicks++;
    if (this.#role.kind === "leader") this.#tickLeader(this.#role);
    else if (this.#elapsedTicks >= this.#timeoutTicks) {
      this.#campaign(this.#isProduction ? "trial" : "candidate");
    }
  }

  /** A message arrived. */
  step(envelope: Envelope): void {
    const { from, to, term, message } = envelope;
    if (to !== this.#options.id || from === to || !this.#options.peers.includes(from)) return;
    if (message.type === "requestVote" && this.#isContent()) return;
    // Rules for all servers: a higher term turns anybody into a follower of that term (§5.1).
    if (term > this.#term) this.#follow(term, null);
    if (term < this.#term) return this.#answerStale(from, message);
    switch (message.type) {
      case "requestVote":
        return this.#onRequestVote(from, message);
      case "requestVoteReply":
        return this.#onRequestVoteReply(from, message);
      case "appendEntries":
        return this.#onAppendEntries(from, message);
      case "appendEntriesReply":
        return this.#onAppendEntriesReply(from, message);
      case "installSnapshot":
        return this.#onInstallSnapshot(from, message);
      case "installSnapshotReply":
        return this.#onInstallSnapshotReply(from, message);
      default:
        message satisfies never;
    }
  }

  /** Appends a command if this server leads; returns the place it will have if it commits (§5.3). */
  propose(command: Uint8Array): Position | null {
    if (this.#role.kind !== "leader") return null;
    return this.#appendOwn(command);
  }

  /** Registers a linearizable read, decided in a later turn's effects; false: not the leader (§8). */
  read(context: number): boolean {
    if (this.#role.kind !== "leader") return false;
    this.#role.reads.push({ context, start: null });
    return true;
  }

  /** The application has an image of everything up to `index`: the log may forget it (§7). */
  compact(index: Index, data: Uint8Array): void {
    invariant(index <= this.#applied, `index ${index} is applied (applied: ${this.#applied})`);
    if (index <= this.#snapshotIndex) return;
    const last = this.#log.positionAt(index);
    this.#snapshot = { last, data };
    this.#snapshotChanged = true;
    this.#log.compact(last, this.#options.trailingEntries);
    this.#trace?.(`compacts to ${last.index}@${last.term}`);
  }

  // ---- Outputs ---------------------------------------------------------------------------------

  /** What is to be done now. Taken only when everything taken before has been done. */
  takeEffects(): Effects {
    const role = this.#role;
    if (role.kind === "leader") {
      this.#advanceCommit(role);
      this.#startReads(role);
    }
    const announce = role.kind === "leader" ? this.#announcements(role) : [];
    const save = this.#takeSave();
    const send = this.#outbox;
    this.#outbox = [];
    const restore = this.#restore;
    this.#restore = null;
    const apply = this.#takeCommitted();
    return { announce, save, send, restore, apply, reads: this.#takeReads() };
  }

  /** Whether committed entries are waiting that the last turn's limit left behind. */
  get hasMore(): boolean {
    return this.#applied < this.#commit;
  }

  /** The term of the entry at an index, or `null` if the log does not hold it. */
  termAt(index: Index): Term | null {
    return this.#log.termAt(index);
  }

  /** A look from outside. */
  status(): Status {
    const role = this.#role;
    const peers = role.kind !== "leader" ? [] : [...role.peers.values()].map((peer) => ({
      id: peer.id,
      mode: peer.mode.kind,
      match: peer.match,
      next: peer.next,
      active: peer.isActive(this.#options.electionTicks),
    }));
    return {
      id: this.#options.id,
      role: role.kind,
      term: this.#term,
      leader: this.leader,
      votedFor: this.#votedFor,
      base: this.#snapshot?.last ?? { index: 0, term: 0 },
      last: { index: this.#log.last.index, term: this.#log.last.term },
      commit: this.#commit,
      applied: this.#applied,
      logBytes: this.#log.bytes,
      snapshotBytes: this.#snapshot?.data.length ?? 0,
      peers,
    };
  }

  /** Whom this server believes to lead its term. */
  get leader(): NodeId | null {
    if (this.#role.kind === "leader") return this.#options.id;
    return this.#role.kind === "follower" ? this.#role.leader : null;
  }

  /** The current term. */
  get term(): Term {
    return this.#term;
  }

  /** What this server is doing. */
  get role(): Role["kind"] {
    return this.#role.kind;
  }

  // ---- Roles (§5.1, §5.2, Figure 4) ------------------------------------------------------------

  /** Follows in a term, the same or a later one. The vote is cleared only by a new term (E2). */
  #follow(term: Term, leader: NodeId | null): void {
    const before = this.#role;
    if (term > this.#term) {
      this.#term = term;
      this.#votedFor = null;
      this.#voteChanged = true;
    }
    if (before.kind === "leader") {
      for (const { context } of before.reads) this.#lostReads.push({ context, confirmed: false });
      this.#resetElectionTimer();
    }
    this.#role = { kind: "follower", leader, transfer: null };
    this.#trace?.(`follows ${leader === null ? "nobody" : `n${leader}`} in term ${term}`);
  }

  /** Stands for election, or for the trial of one, which changes neither term nor vote. */
  #campaign(kind: "trial" | "candidate"): void {
    if (kind === "candidate") {
      this.#term++;
      this.#votedFor = this.#options.id;
      this.#voteChanged = true;
    }
    this.#role = { kind, votes: new Set([this.#options.id]) };
    this.#resetElectionTimer();
    this.#trace?.(kind === "trial" ? "tries an election" : `is candidate in term ${this.#term}`);
    const { index, term } = this.#log.last;
    for (const peer of this.#options.peers) {
      if (peer === this.#options.id) continue;
      this.#reply(peer, {
        type: "requestVote",
        trial: kind === "trial",
        last: { index, term },
      });
    }
    this.#countVotes();
  }

  /** A majority elects (§5.2); a majority in a trial makes it worth while to stand. */
  #countVotes(): void {
    const role = this.#role;
    if (role.kind !== "trial" && role.kind !== "candidate") return;
    if (role.votes.size < this.#quorum) return;
    if (role.kind === "trial") this.#campaign("candidate");
    else this.#lead();
  }

  /** Won the election: tells everybody at once (§5.2) and opens the term with a no-op (§8). */
  #lead(): void {
    const next = this.#log.last.index + 1;
    const peers = new Map<NodeId, Progress>();
    for (const id of this.#options.peers) {
      if (id !== this.#options.id) peers.set(id, new Progress(id, next));
    }
    this.#role = { kind: "leader", peers, round: 0, reads: [] };
    this.#elapsedTicks = 0;
    this.#trace?.(`leads term ${this.#term}`);
    if (this.#isProduction) this.#appendOwn(null);
  }

  #tickLeader(role: Leader): void {
    const { electionTicks, heartbeatTicks } = this.#options;
    const isBeat = this.#elapsedTicks >= heartbeatTicks;
    if (isBeat) this.#elapsedTicks = 0;
    let active = 1;
    for (const peer of role.peers.values()) {
      peer.tick(electionTicks);
      if (peer.isActive(electionTicks)) active++;
      // News of a commit rides on the next append, or leaves with the next tick.
      if (isBeat || peer.commitTold < this.#commit) peer.isDue = true;
    }
    // A leader that hears no majority steps down, so that its clients look elsewhere (thesis §6.2).
    if (this.#isProduction && active < this.#quorum) this.#follow(this.#term, null);
  }

  // ---- Elections (§5.2, §5.4.1) ----------------------------------------------------------------

  /**
   * While a leader is alive nobody needs an election: who hears one is deaf to candidates, so that
   * a server cut off for a while cannot disturb the others (§6, thesis §4.2.3; E9).
   */
  #isContent(): boolean {
    if (!this.#isProduction) return false;
    if (this.#role.kind === "leader") return true;
    return this.leader !== null && this.#elapsedTicks < this.#options.electionTicks;
  }

  #onRequestVote(from: NodeId, { trial, last }: RequestVote): void {
    const own = this.#log.last;
    // Election restriction: never for a log that is behind ours (§5.4.1).
    const isUpToDate = last.term > own.term || (last.term === own.term && last.index >= own.index);
    const isFree = trial || this.#votedFor === null || this.#votedFor === from;
    const granted = isUpToDate && isFree && this.#role.kind !== "leader";
    if (granted && !trial) {
      if (this.#role.kind !== "follower") this.#follow(this.#term, null);
      if (this.#votedFor === null) {
        this.#votedFor = from;
        this.#voteChanged = true;
        this.#trace?.(`votes for n${from} in term ${this.#term}`);
      }
      this.#resetElectionTimer();
    }
    this.#reply(from, { type: "requestVoteReply", trial, granted });
  }

  #onRequestVoteReply(from: NodeId, { trial, granted }: RequestVoteReply): void {
    const role = this.#role;
    if (!granted || role.kind !== (trial ? "trial" : "candidate")) return;
    role.votes.add(from);
    this.#countVotes();
  }

  // ---- Log replication (§5.3) ------------------------------------------------------------------

  #appendOwn(command: Uint8Array | null): Position {
    const index = this.#log.last.index + 1;
    this.#log.append({ index, term: this.#term, command });
    return { index, term: this.#term };
  }

  /** At most one message to each peer and turn, however many commands arrived. */
  #announcements(role: Leader): Envelope[] {
    const envelopes: Envelope[] = [];
    for (const peer of role.peers.values()) {
      const message = this.#messageFor(peer, role.round);
      if (message !== null) envelopes.push(this.#envelope(peer.id, message));
    }
    return envelopes;
  }

  #messageFor(peer: Progress, round: number): AppendEntries | InstallSnapshot | null {
    if (peer.mode.kind !== "snapshot" && peer.next <= this.#log.base.index) {
      invariant(this.#snapshot !== null, "a compacted log has a snapshot");
      peer.startSnapshot(this.#snapshot);
    }
    if (peer.mode.kind === "snapshot") return this.#chunkFor(peer, round);
    const { appendEntriesMax, appendBytesMax, inFlightAppendsMax, inFlightBytesMax } =
      this.#options;
    const isActive = peer.isActive(this.#options.electionTicks);
    // A silent peer gets heartbeats only, until it answers.
    const room = isActive
      ? peer.room({ appendsMax: inFlightAppendsMax, bytesMax: inFlightBytesMax })
      : 0;
    const limits = { entriesMax: appendEntriesMax, bytesMax: Math.min(appendBytesMax, room) };
    const entries = room === 0 ? [] : this.#log.slice(peer.next, limits);
    if (entries.length === 0 && !peer.isDue) return null;
    const previous = this.#log.positionAt(peer.next - 1);
    const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    peer.sent(previous.index + entries.length, bytes);
    peer.isDue = false;
    peer.commitTold = this.#commit;
    return { type: "appendEntries", previous, entries, commit: this.#commit, round };
  }

  #onAppendEntries(from: NodeId, message: AppendEntries): void {
    this.#hear(from);
    const { previous, entries, round } = message;
    if (previous.index < this.#log.base.index) {
      // From before our snapshot: what it could tell is committed, hence the leader has it too.
      return this.#accept(from, this.#commit, round);
    }
    if (!this.#log.matches(previous)) {
      const conflict = this.#log.conflictWith(previous);
      const refusal = { previous: previous.index, conflict, round };
      return this.#reply(from, { type: "appendEntriesReply", accepted: false, ...refusal });
    }
    const cut = this.#log.splice(entries);
    invariant(cut === null || cut > this.#commit, `index ${cut} to be cut is not committed`); // L4
    // Only what this very message verified may be committed because of it (L2).
    const verified = previous.index + entries.length;
    this.#commitTo(Math.min(message.commit, verified));
    this.#accept(from, verified, round);
  }

  #onAppendEntriesReply(from: NodeId, message: AppendAccepted | AppendRejected): void {
    const peer = this.#hearPeer(from, message.round);
    if (peer === null) return;
    if (message.accepted) {
      invariant(message.match <= this.#log.last.index, "a follower matches no more than we hold");
      return peer.accepted(message.match);
    }
    const { previous, conflict } = message;
    if (!peer.isNews(previous)) return;
    // Back up by a whole term at a time (end of §5.3): behind our own last entry of the follower's
    // term if we have that term, else to where the follower's term begins.
    const own = conflict.term === null ? null : this.#log.lastOfTerm(conflict.term);
    const next = own !== null && own < previous ? own + 1 : conflict.index;
    peer.rejected(Math.min(next, previous));
    peer.isDue = true;
  }

  /** An entry of this term on a majority is committed, and all before it with it (§5.3, §5.4.2). */
  #advanceCommit(role: Leader): void {
    const matches = [...role.peers.values()].map((peer) => peer.match);
    const index = quorumValue([...matches, this.#log.last.index]);
    if (this.#log.termAt(index) === this.#term) this.#commitTo(index);
  }

  #commitTo(index: Index): void {
    if (index <= this.#commit) return;
    invariant(index <= this.#log.last.index, `committed index ${index} is in the log`);
    this.#commit = index;
    this.#trace?.(`commits ${index}`);
  }

  // ---- Snapshots (§7) --------------------------------------------------------------------------

  #chunkFor(peer: Progress, round: number): InstallSnapshot | null {
    const mode = peer.mode;
    invariant(mode.kind === "snapshot", "only a peer in snapshot mode gets chunks");
    const mayCarry = !mode.waiting && peer.isActive(this.#options.electionTicks);
    if (!mayCarry && !peer.isDue) return null;
    const { last, data } = mode.snapshot;
    const end = mayCarry ? mode.offset + this.#options.snapshotChunkBytes : mode.offset;
    // Without room for data it is a heartbeat, and asks how far the peer has got.
    if (mayCarry) mode.waiting = true;
    else mode.asked = true;
    peer.isDue = false;
    const chunk = {
      offset: mode.offset,
      data: data.subarray(mode.offset, end),
      total: data.length,
    };
    return { type: "installSnapshot", last, ...chunk, round };
  }

  #onInstallSnapshot(from: NodeId, message: InstallSnapshot): void {
    const role = this.#hear(from);
    const { last, offset, data, total, round } = message;
    if (last.index <= this.#commit) return this.#accept(from, this.#commit, round);
    if (this.#log.matches(last)) {
      // The log has the snapshot's last entry: it stays, and all behind it (§7).
      this.#commitTo(last.index);
      return this.#accept(from, last.index, round);
    }
    if (role.transfer?.last.index !== last.index || role.transfer.last.term !== last.term) {
      role.transfer = { last, chunks: [], received: 0 };
    }
    const transfer = role.transfer;
    if (offset === transfer.received && offset + data.length <= total) {
      if (data.length > 0) transfer.chunks.push(data);
      transfer.received += data.length;
    }
    const { received } = transfer;
    if (received < total) {
      return this.#reply(from, { type: "installSnapshotReply", last, received, round });
    }
    role.transfer = null;
    this.#install({ last, data: concat(transfer.chunks, total) });
    this.#accept(from, last.index, round);
  }

  /** The log conflicts with the snapshot or ends before it: nothing of it is kept (§7). */
  #install(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#snapshotChanged = true;
    this.#restore = snapshot;
    this.#log.reset(snapshot.last);
    this.#commit = snapshot.last.index;
    this.#applied = snapshot.last.index;
    this.#trace?.(`installs snapshot ${snapshot.last.index}@${snapshot.last.term}`);
  }

  #onInstallSnapshotReply(from: NodeId, message: InstallSnapshotReply): void {
    this.#hearPeer(from, message.round)?.received(message.last, message.received);
  }

  // ---- Linearizable reads (§8, thesis §6.4) ----------------------------------------------------

  /** One round of heartbeats confirms all reads that were registered before it began (R2). */
  #startReads(role: Leader): void {
    const isNew = (read: PendingRead) => read.start === null;
    if (!role.reads.some(isNew)) return;
    // Before the first commit of its term a leader does not know what is committed (R1).
    if (this.#log.termAt(this.#commit) !== this.#term) return;
    role.round++;
    for (const read of role.reads.filter(isNew)) {
      read.start = { index: this.#commit, round: role.round };
    }
    for (const peer of role.peers.values()) peer.isDue = true;
  }

  #takeReads(): readonly Read[] {
    const decided = this.#lostReads;
    this.#lostReads = [];
    const role = this.#role;
    if (role.kind !== "leader" || role.reads.length === 0) return decided;
    const rounds = [...role.peers.values()].map((peer) => peer.round);
    const confirmed = quorumValue([...rounds, role.round]);
    role.reads = role.reads.filter(({ context, start }) => {
      if (start === null || start.round > confirmed || start.index > this.#applied) return true;
      decided.push({ context, confirmed: true });
      return false;
    });
    return decided;
  }

  // ---- Helpers ---------------------------------------------------------------------------------

  get #isProduction(): boolean {
    return this.#options.profile === "production";
  }

  get #quorum(): number {
    return Math.floor(this.#options.peers.length / 2) + 1;
  }

  get #snapshotIndex(): Index {
    return this.#snapshot?.last.index ?? 0;
  }

  /** The leader of this term was heard: follow it, and give it time (§5.2). */
  #hear(leader: NodeId): Extract<Role, { kind: "follower" }> {
    invariant(this.#role.kind !== "leader", `term ${this.#term} has one leader (§5.2)`);
    if (this.#role.kind !== "follower" || this.#role.leader !== leader) {
      this.#follow(this.#term, leader);
    }
    this.#resetElectionTimer();
    invariant(this.#role.kind === "follower", "who hears a leader follows it");
    return this.#role;
  }

  /** A reply from a peer in our term; `null` if we do not lead it. */
  #hearPeer(from: NodeId, round: number): Progress | null {
    if (this.#role.kind !== "leader") return null;
    const peer = this.#role.peers.get(from);
    invariant(peer !== undefined, `n${from} is a peer`);
    peer.heard(round);
    return peer;
  }

  /** To a request of an earlier term the answer is no, with our term (§5.1). */
  #answerStale(from: NodeId, message: Message): void {
    if (message.type === "requestVote") {
      const { trial } = message;
      this.#reply(from, { type: "requestVoteReply", trial, granted: false });
    } else if (message.type === "appendEntries" || message.type === "installSnapshot") {
      const previous = message.type === "appendEntries" ? message.previous.index : 0;
      const conflict = { term: null, index: this.#log.last.index + 1 };
      const refusal = { round: message.round, previous, conflict };
      this.#reply(from, { type: "appendEntriesReply", accepted: false, ...refusal });
    }
  }

  #accept(to: NodeId, match: Index, round: number): void {
    this.#reply(to, { type: "appendEntriesReply", accepted: true, match, round });
  }

  /** To be sent after the save: it may promise what the save makes durable. */
  #reply(to: NodeId, message: Message): void {
    this.#outbox.push(this.#envelope(to, message));
  }

  #envelope(to: NodeId, message: Message): Envelope {
    return { from: this.#options.id, to, term: this.#term, message };
  }

  #resetElectionTimer(): void {
    const { electionTicks } = this.#options;
    this.#elapsedTicks = 0;
    this.#timeoutTicks = electionTicks + Math.floor(this.#random() * electionTicks);
  }

  #takeSave(): Save | null {
    const vote = this.#voteChanged ? { term: this.#term, votedFor: this.#votedFor } : null;
    const snapshot = this.#snapshotChanged ? this.#snapshot : null;
    const tail = this.#log.takeTail();
    this.#voteChanged = false;
    this.#snapshotChanged = false;
    return vote === null && snapshot === null && tail === null ? null : { vote, snapshot, tail };
  }

  #takeCommitted(): readonly Entry[] {
    if (this.#applied >= this.#commit) return [];
    const entriesMax = Math.min(this.#options.applyEntriesMax, this.#commit - this.#applied);
    const entries = this.#log.slice(this.#applied + 1, { entriesMax, bytesMax: Infinity });
    this.#applied += entries.length;
    return entries;
  }
}

/** The highest value that a majority has reached. */
function quorumValue(values: number[]): number {
  values.sort((a, b) => b - a);
  return values[Math.floor(values.length / 2)]!;
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
