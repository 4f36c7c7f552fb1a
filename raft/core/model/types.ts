/**
 * The vocabulary of consensus: what a log holds, the messages of servers, and the effects of the
 * core. Only types: no behaviour lives here, so every other file of the project may read it.
 *
 * @module
 */

import type { Members } from "../members/mod.ts";
import type { Unit } from "./unit.ts";

/** Names a server: a small positive integer, written `n1`, `n2`, … for people. */
export type NodeId = number;

/** A period with at most one leader (§5.1). Starts at 0, never goes down. */
export type Term = Unit<"term">;

/** A place in the log. The first entry has index 1; 0 means "before the first". */
export type Index = Unit<"index">;

/** Where an entry sits in the log. Index and term always travel together. */
export interface Position {
  /** The index. */
  readonly index: Index;
  /** The term of the leader that appended the entry. */
  readonly term: Term;
}

/**
 * Time in the log, in whole milliseconds. A leader sets both, and along the log neither goes back
 * (K1, K2).
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
 * The purpose of an entry: `noop` opens a leader's term (§8), `command` is for the state machine,
 * `members` changes the cluster (§6).
 */
export type EntryKind = "noop" | "command" | "members";

/** One slot of the log. */
export interface Entry extends Moment {
  /** The purpose of the entry. */
  readonly kind: EntryKind;
  /** The command, or the members as bytes; empty for a no-op. */
  readonly data: Uint8Array;
}

/** The state machine's image, standing in for every entry up to `last` (§7). */
export interface Snapshot {
  /** The last entry it covers. */
  readonly last: Moment;
  /** The members at that entry (M11). */
  readonly members: Members;
  /** The image, as the state machine wrote it. */
  readonly data: Uint8Array;
}

/** The term of a server and its vote in that term: one record, always written as one (E1). */
export interface Vote {
  /** The latest term this server has seen. */
  readonly term: Term;
  /** The server that got the vote of that term. */
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
 * The changes of the persistent state since the last save, as a log-structured storage writes them.
 * The fields apply in this order, and all of them are durable when the save resolves.
 */
export interface Save {
  /** The new term and vote. */
  readonly vote: Vote | null;
  /** Stands in for every entry up to its position; entries beyond it stay unless `tail` says so. */
  readonly snapshot: Snapshot | null;
  /** The new end of the log. */
  readonly tail: Tail | null;
}

/** From `from` on, the log is exactly `entries` (none: the log ends before `from`). */
export interface Tail {
  /** The first index that changes. */
  readonly from: Index;
  /** The entries from there on, in order. */
  readonly entries: readonly Entry[];
}

/** A candidate asks for a vote (§5.2), or with `preVote` whether it would get one (thesis §9.6). */
export interface RequestVote {
  /** The type of the message. */
  readonly type: "requestVote";
  /** Whether it only asks how the vote would go. */
  readonly preVote: boolean;
  /** Whether the leader asked for this election: then it is no disturbance (thesis §3.10). */
  readonly transfer: boolean;
  /** The candidate's last entry, for the election restriction (§5.4.1). */
  readonly last: Position;
}

/** The answer to a {@linkcode RequestVote}. */
export interface RequestVoteReply {
  /** The type of the message. */
  readonly type: "requestVoteReply";
  /** Whether the question was only about the pre-vote. */
  readonly preVote: boolean;
  /** Whether the candidate has the vote. */
  readonly granted: boolean;
}

/** A leader replicates entries; with none it is a heartbeat, under the same rules (§5.3, L5). */
export interface AppendEntries {
  /** The type of the message. */
  readonly type: "appendEntries";
  /** The entry just before the new ones, which the follower must hold. */
  readonly previous: Position;
  /** The new entries, in order. */
  readonly entries: readonly Entry[];
  /** The leader's commit index. */
  readonly commit: Index;
  /** Numbers the leader's heartbeat rounds; the reply returns it and so confirms reads (R2). */
  readonly round: number;
  /** The answer to a question of this follower; `null`: none (R7). */
  readonly answer: ReadAnswer | null;
}

/** The answer to a follower's question for the read position. */
export interface ReadAnswer {
  /** The number of the question. */
  readonly question: number;
  /** What was committed at a moment after the leader got the question, at least. */
  readonly index: Index;
}

/** The follower's log matches the leader's up to `match`, and is durable up to there. */
export interface AppendAccepted {
  /** The type of the message. */
  readonly type: "appendEntriesReply";
  /** Distinguishes it from a refusal. */
  readonly accepted: true;
  /** The round of the append it answers. */
  readonly round: number;
  /** The last index that is known to agree. */
  readonly match: Index;
  /** The latest question of the follower for the read position; `null`: none. */
  readonly question: number | null;
}

/** The follower's log does not hold `previous`; `conflict` lets the leader skip a whole term (§5.3). */
export interface AppendRejected {
  /** The type of the message. */
  readonly type: "appendEntriesReply";
  /** Distinguishes it from an acceptance. */
  readonly accepted: false;
  /** The round of the append it answers. */
  readonly round: number;
  /** The index of the refused append's `previous`, which identifies the append. */
  readonly previous: Index;
  /** The position to try next. */
  readonly conflict: Conflict;
}

/** Where a follower's log conflicts with the leader's assumption. */
export interface Conflict {
  /** The term the follower holds at `previous`, or `null` when its log is too short. */
  readonly term: Term | null;
  /** The first index of that term in the follower's log, or the index after its last entry. */
  readonly index: Index;
}

/** One chunk of the leader's snapshot (§7). Without data it asks how far the follower has got. */
export interface InstallSnapshot {
  /** The type of the message. */
  readonly type: "installSnapshot";
  /** The last entry the snapshot covers. */
  readonly last: Moment;
  /** The members at that entry. */
  readonly members: Members;
  /** The offset of the chunk in the image. */
  readonly offset: number;
  /** The chunk. */
  readonly data: Uint8Array;
  /**
   * Length of the whole image, or an estimate that is beyond this chunk; the chunk that ends there
   * completes the transfer.
   */
  readonly total: number;
  /** The heartbeat round it belongs to. */
  readonly round: number;
}

/** How much of a snapshot has arrived. A completed one is answered by {@linkcode AppendAccepted}. */
export interface InstallSnapshotReply {
  /** The type of the message. */
  readonly type: "installSnapshotReply";
  /** The last entry of the snapshot it answers. */
  readonly last: Position;
  /** The next offset wanted. */
  readonly received: number;
  /** Where the image goes on there, as {@linkcode ImagePlace} says. */
  readonly cursor: Uint8Array;
  /** The round of the chunk it answers. */
  readonly round: number;
}

/** A leader hands over: the receiver holds the whole log and starts an election at once (thesis §3.10). */
export interface TimeoutNow {
  /** Tells it from the other messages. */
  readonly type: "timeoutNow";
}

/** A follower has reads that wait, and asks its leader for the read position (§8). */
export interface ReadQuestion {
  /** Tells it from the other messages. */
  readonly type: "readQuestion";
  /** The number of the question. */
  readonly question: number;
}

/** The answer to a server that asks for votes and is no member any more (M7). */
export interface Removed {
  /** Tells it from the other messages. */
  readonly type: "removed";
  /** The commit index of the sender. As of there the receiver is no member. */
  readonly commit: Index;
}

/** All messages between servers. Every message is one way; a reply is a message too. */
export type Message =
  | RequestVote
  | RequestVoteReply
  | AppendEntries
  | AppendAccepted
  | AppendRejected
  | InstallSnapshot
  | InstallSnapshotReply
  | TimeoutNow
  | ReadQuestion
  | Removed;

/** A message with its addresses and its sender's term. */
export interface Envelope {
  /** The sender. */
  readonly from: NodeId;
  /** The receiver. */
  readonly to: NodeId;
  /** The sender's term. */
  readonly term: Term;
  /** The message. */
  readonly message: Message;
}

/** A linearizable read that was decided: it may be served now, or the leadership was lost. */
export interface Read {
  /** The number under which the read was registered. */
  readonly context: number;
  /** Whether it may be served. */
  readonly confirmed: boolean;
}

/**
 * The effects of a turn, to be performed whether or not a save is under way. The order of the
 * fields is the order of execution. No effect promises more than is durable.
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
  /** The members, when others than before are in force; else `null`. */
  readonly members: Members | null;
}
