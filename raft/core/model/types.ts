/**
 * The vocabulary of consensus: what a log holds, what servers say to each other, and what the core
 * wants done. Only types: no behaviour lives here, so every other file of the project may read it.
 *
 * @module
 */

import type { Unit } from "./unit.ts";

/** Names a server: a small positive integer, written `n1`, `n2`, … for people. */
export type NodeId = number;

/** A period with at most one leader (§5.1). Starts at 0, never goes down. */
export type Term = Unit<"term">;

/** A place in the log. The first entry has index 1; 0 means "before the first". */
export type Index = Unit<"index">;

/** Where an entry sits in the log. Index and term always travel together. */
export interface Position {
  /** Where. */
  readonly index: Index;
  /** The term in which a leader put it there. */
  readonly term: Term;
}

/**
 * What the log says about time, in whole milliseconds. A leader sets both, and along the log neither
 * goes back (K1, K2).
 */
export interface Times {
  /** Grows only while a server leads, by that server's monotonic clock. For leases. */
  readonly steady: number;
  /** The leader's wall clock, at least the last one. For absolute times. */
  readonly wall: number;
}

/** A place in the log, and the time there. */
export interface Moment extends Position {
  /** Often shared between entries; never changed. */
  readonly times: Times;
}

/**
 * What an entry is for: `noop` opens a leader's term (§8), `command` is for the state machine,
 * `members` changes the cluster (§6).
 */
export type EntryKind = "noop" | "command" | "members";

/** One slot of the log. */
export interface Entry extends Moment {
  /** What it is for. */
  readonly kind: EntryKind;
  /** The command, or the members as bytes; empty for a no-op. */
  readonly data: Uint8Array;
}

/** The state machine's image, standing in for every entry up to `last` (§7). */
export interface Snapshot {
  /** The last entry it covers. */
  readonly last: Moment;
  /** The image, as the state machine wrote it. */
  readonly data: Uint8Array;
}

/** The term a server is in and whom it voted for in it: one record, always written as one (E1). */
export interface Vote {
  /** The latest term this server has seen. */
  readonly term: Term;
  /** Whom it voted for in that term. */
  readonly votedFor: NodeId | null;
}

/** Everything a server must remember across a crash (Figure 2, persistent state). */
export interface Persistent extends Vote {
  /** Stands in for the beginning of the log. */
  readonly snapshot: Snapshot | null;
  /** The entries after the snapshot, without a gap, in order. */
  readonly entries: readonly Entry[];
}

/**
 * What changed in the persistent state since the last save: what a log-structured storage writes.
 * The fields apply in this order, and all of them are durable when the save resolves.
 */
export interface Save {
  /** The new term and vote. */
  readonly vote: Vote | null;
  /** Stands in for every entry up to its position; entries beyond it stay unless `tail` says so. */
  readonly snapshot: Snapshot | null;
  /** What the end of the log becomes. */
  readonly tail: Tail | null;
}

/** From `from` on, the log is exactly `entries` (none: the log ends before `from`). */
export interface Tail {
  /** The first index that changes. */
  readonly from: Index;
  /** What follows from there, in order. */
  readonly entries: readonly Entry[];
}

/** A candidate asks for a vote (§5.2), or with `preVote` whether it would get one (thesis §9.6). */
export interface RequestVote {
  /** Tells it from the other messages. */
  readonly type: "requestVote";
  /** Whether it only asks how the vote would go. */
  readonly preVote: boolean;
  /** The candidate's last entry, for the election restriction (§5.4.1). */
  readonly last: Position;
}

/** The answer to a {@linkcode RequestVote}. */
export interface RequestVoteReply {
  /** Tells it from the other messages. */
  readonly type: "requestVoteReply";
  /** Whether the question was only how the vote would go. */
  readonly preVote: boolean;
  /** Whether the candidate has the vote. */
  readonly granted: boolean;
}

/** A leader replicates entries; with none it is a heartbeat, under the same rules (§5.3, L5). */
export interface AppendEntries {
  /** Tells it from the other messages. */
  readonly type: "appendEntries";
  /** The entry just before the new ones, which the follower must hold. */
  readonly previous: Position;
  /** The new entries, in order. */
  readonly entries: readonly Entry[];
  /** The leader's commit index. */
  readonly commit: Index;
  /** Numbers the leader's heartbeat rounds; the reply returns it and so confirms reads (R2). */
  readonly round: number;
}

/** The follower's log matches the leader's up to `match`, and is durable up to there. */
export interface AppendAccepted {
  /** Tells it from the other messages. */
  readonly type: "appendEntriesReply";
  /** Tells it from a refusal. */
  readonly accepted: true;
  /** The round of the append it answers. */
  readonly round: number;
  /** The last index that is known to agree. */
  readonly match: Index;
}

/** The follower's log does not hold `previous`; `conflict` lets the leader skip a whole term (§5.3). */
export interface AppendRejected {
  /** Tells it from the other messages. */
  readonly type: "appendEntriesReply";
  /** Tells it from an acceptance. */
  readonly accepted: false;
  /** The round of the append it answers. */
  readonly round: number;
  /** The index of the refused append's `previous`: tells which append this answers. */
  readonly previous: Index;
  /** Where to look next. */
  readonly conflict: Conflict;
}

/** Where a follower's log parts from what the leader assumed. */
export interface Conflict {
  /** The term the follower holds at `previous`, or `null` when its log is too short. */
  readonly term: Term | null;
  /** The first index of that term in the follower's log, or the index after its last entry. */
  readonly index: Index;
}

/** One chunk of the leader's snapshot (§7). Without data it asks how far the follower has got. */
export interface InstallSnapshot {
  /** Tells it from the other messages. */
  readonly type: "installSnapshot";
  /** The last entry the snapshot covers. */
  readonly last: Moment;
  /** Where in the image this chunk belongs. */
  readonly offset: number;
  /** The chunk. */
  readonly data: Uint8Array;
  /** Length of the whole image; the chunk that reaches it completes the transfer. */
  readonly total: number;
  /** The heartbeat round it belongs to. */
  readonly round: number;
}

/** How much of a snapshot has arrived. A completed one is answered by {@linkcode AppendAccepted}. */
export interface InstallSnapshotReply {
  /** Tells it from the other messages. */
  readonly type: "installSnapshotReply";
  /** The last entry of the snapshot it answers. */
  readonly last: Position;
  /** The next offset wanted. */
  readonly received: number;
  /** The round of the chunk it answers. */
  readonly round: number;
}

/** All that servers say to each other. Every message is one way; a reply is a message too. */
export type Message =
  | RequestVote
  | RequestVoteReply
  | AppendEntries
  | AppendAccepted
  | AppendRejected
  | InstallSnapshot
  | InstallSnapshotReply;

/** A message with its addresses and its sender's term. */
export interface Envelope {
  /** Who sends. */
  readonly from: NodeId;
  /** Who is to receive. */
  readonly to: NodeId;
  /** The sender's term. */
  readonly term: Term;
  /** What is said. */
  readonly message: Message;
}

/** A linearizable read whose fate is known: may be served now, or leadership was lost before. */
export interface Read {
  /** The number the read was asked under. */
  readonly context: number;
  /** Whether it may be served. */
  readonly confirmed: boolean;
}

/**
 * What the core wants done now, whether or not a save is under way. The field order is the order of
 * execution. Nothing in it promises more than is durable.
 */
export interface Effects {
  /** Messages that may leave now. */
  readonly send: readonly Envelope[];
  /** A newer image for the state machine. */
  readonly restore: Snapshot | null;
  /** Committed entries, in order, each exactly once. */
  readonly apply: readonly Entry[];
  /** ReadIndex requests, decided; their state has been applied by the entries above. */
  readonly reads: readonly Read[];
}

/** What a server is doing at the moment. */
export type RoleName = "follower" | "pre-vote" | "candidate" | "leader";

/** What a leader knows of one peer. */
export interface PeerStatus {
  /** The peer. */
  readonly id: NodeId;
  /** How the leader feeds it at the moment. */
  readonly mode: "probing" | "streaming" | "snapshot";
  /** The last index known to agree with the leader's log. */
  readonly match: Index;
  /** The next index to send. */
  readonly next: Index;
  /** Answered within the last election timeout. */
  readonly active: boolean;
  /** How much of a snapshot the peer has, of how much; `null`: it needs none. */
  readonly transfer: { readonly received: number; readonly total: number } | null;
}

/** A look at one server from outside. */
export interface Status {
  /** The server. */
  readonly id: NodeId;
  /** What it is doing. */
  readonly role: RoleName;
  /** The term it is in. */
  readonly term: Term;
  /** Whom this server believes to lead, if anybody. */
  readonly leader: NodeId | null;
  /** Whom it voted for in that term. */
  readonly votedFor: NodeId | null;
  /** The last entry the snapshot covers. */
  readonly base: Position;
  /** The last entry of its log. */
  readonly last: Position;
  /** Up to here its log is on its disk. */
  readonly durable: Index;
  /** The last index it knows to be committed. */
  readonly commit: Index;
  /** The last index it has applied. */
  readonly applied: Index;
  /** Size of the commands of the entries after the snapshot, plus a fixed overhead for each. */
  readonly logBytes: number;
  /** Size of the snapshot's image. */
  readonly snapshotBytes: number;
  /** Only while leading. */
  readonly peers: readonly PeerStatus[];
}
