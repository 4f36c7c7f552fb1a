/**
 * The state that a server has only in its role (§5.1). Leaving a role discards it whole.
 *
 * @module
 */

import type { Progress } from "./peers/mod.ts";
import type { ReadQueue } from "./reads.ts";
import type { LeaderTime, NodeId } from "./model/mod.ts";

/** The role of a server, with its state. */
export type Role = Follower | PreVote | Candidate | Leader;

/** Answers candidates and leaders, and waits. */
export interface Follower {
  readonly kind: "follower";
  readonly leader: NodeId | null;
  /** The round of an append that is to be acknowledged when it is durable; `null`: there is none. */
  owedRound: number | null;
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
  readonly peers: ReadonlyMap<NodeId, Progress>;
  /** Heartbeat rounds so far. An answer to a round confirms what was read before it. */
  round: number;
  /** Ticks since the last heartbeat. */
  beatTicks: number;
  readonly reads: ReadQueue;
  readonly time: LeaderTime;
}
