/**
 * The state that a server has only in its role (§5.1). Leaving a role discards it whole.
 *
 * @module
 */

import type { Progress } from "./peers/mod.ts";
import type { ReadQueue } from "./reads.ts";
import type { LeaderTime, NodeId } from "./model/mod.ts";

/** What a server is at the moment. */
export type Role = Follower | Trial | Candidate | Leader;

/** Answers candidates and leaders, and waits. */
export interface Follower {
  readonly kind: "follower";
  readonly leader: NodeId | null;
  /** The round of an append that is to be acknowledged when it is durable; `null`: there is none. */
  owedRound: number | null;
}

/** Asks whether an election could be won, before it disturbs anybody (PreVote, thesis §9.6). */
export interface Trial {
  readonly kind: "pre-vote";
  readonly votes: Set<NodeId>;
}

/** Stands for election in a term of its own. */
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
