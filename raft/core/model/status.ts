/**
 * The status of a server. Only types.
 *
 * @module
 */

import type { Members } from "../members/mod.ts";
import type { Index, NodeId, Position, Term } from "./types.ts";

/** The role of a server. */
export type RoleName = "follower" | "pre-vote" | "candidate" | "leader";

/** The state of one peer, as its leader knows it. */
export interface PeerStatus {
  /** The peer. */
  readonly id: NodeId;
  /** How the leader sends to the peer at the moment. */
  readonly mode: "probing" | "streaming" | "snapshot";
  /** The last index known to agree with the leader's log. */
  readonly match: Index;
  /** The next index to send. */
  readonly next: Index;
  /** Answered within the last election timeout. */
  readonly active: boolean;
  /** Whether it has caught up: its last round of entries took less than an election timeout. */
  readonly caughtUp: boolean;
  /** The part of a snapshot that the peer has; `null`: it needs none. */
  readonly transfer: { readonly received: number; readonly total: number } | null;
}

/** The status of one server. */
export interface Status {
  /** The server. */
  readonly id: NodeId;
  /** Its role. */
  readonly role: RoleName;
  /** Its term. */
  readonly term: Term;
  /** The leader of the term as far as this server knows; `null`: unknown. */
  readonly leader: NodeId | null;
  /** The server that got its vote in that term. */
  readonly votedFor: NodeId | null;
  /** The members in force, committed or not. */
  readonly members: Members;
  /** The entry with which they came into force; 0: the cluster began with them. */
  readonly membersIndex: Index;
  /** Whether this server was a member, and is none as of a committed entry (M7). */
  readonly removed: boolean;
  /** The server to which this leader hands over; `null`: it does not, or does not lead. */
  readonly transferTo: NodeId | null;
  /** The last entry the snapshot covers. */
  readonly base: Position;
  /** The last entry of its log. */
  readonly last: Position;
  /** The log is durable up to here. */
  readonly durable: Index;
  /** The last index it knows to be committed. */
  readonly commit: Index;
  /** The last index it has applied. */
  readonly applied: Index;
  /** Size of the commands of the entries after the snapshot, plus a fixed overhead for each. */
  readonly logBytes: number;
  /** Size of the snapshot's image. */
  readonly snapshotBytes: number;
  /** What a leader knows of its peers; empty on other servers. */
  readonly peers: readonly PeerStatus[];
}
