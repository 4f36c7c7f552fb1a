/**
 * The state that a server has only in its role (§5.1). Leaving a role discards it whole.
 *
 * @module
 */

import type { Peers } from "../peers/mod.ts";
import type { FollowerReads } from "./follower_reads.ts";
import type { ReadQueue } from "./reads.ts";
import type { LeaderTime, NodeId } from "../model/mod.ts";

/** The role of a server, with its state. */
export type Role = Follower | PreVote | Candidate | Leader;

/** Answers candidates and leaders, and waits. */
export interface Follower {
  readonly kind: "follower";
  readonly leader: NodeId | null;
  /** The round of an append that is to be acknowledged when it is durable; `null`: there is none. */
  owedRound: number | null;
  /** The latest round that was answered with a question of its own. */
  askedRound: number;
  readonly reads: FollowerReads;
}

/**
 * The pre-vote: asks whether an election could be won, so that a vain one disturbs no server
 * (thesis §9.6).
 */
export interface PreVote {
  readonly kind: "pre-vote";
  readonly votes: Set<NodeId>;
}

/** Asks for votes in a new term. */
export interface Candidate {
  readonly kind: "candidate";
  readonly votes: Set<NodeId>;
}

/** Won the election of its term. */
export interface Leader {
  readonly kind: "leader";
  readonly peers: Peers;
  /** Heartbeat rounds so far. An answer to a round confirms what was read before it. */
  round: number;
  /** The round of the last heartbeat that was due, and ticks since then. */
  beatRound: number;
  beatTicks: number;
  readonly reads: ReadQueue;
  readonly time: LeaderTime;
  /** The server to which this leader hands over; `null`: it does not. */
  transfer: HandOver | null;
}

/** A leader that hands over takes no commands any more (thesis §3.10). */
export interface HandOver {
  readonly to: NodeId;
  /** Ticks since it began. */
  ticks: number;
  /** Whether the successor was asked to stand. */
  isAsked: boolean;
}
