/**
 * What each peer has promised to this node since it started, and whether a folder still holds that. A
 * folder that was put back from a backup has its old name and forgot what it voted for and
 * acknowledged since (D8).
 *
 * Invariants: a peer is never accused of less than it said itself, because every message says only
 * what is durable at its sender (P1, P3); the memory is bounded.
 *
 * @module
 */

import type { Envelope, NodeId, Position } from "../../raft/mod.ts";
import type { HelloRefusal } from "../wire/mod.ts";
import type { PeerHello } from "./peer_hello.ts";

/** The number of peers that are remembered; a new one beyond it replaces the oldest. */
const PEERS_MAX = 1_000;

/** What the folder of a peer must hold. */
export interface Promised {
  readonly incarnation: string;
  /** The run of the peer that was heard last. */
  run: number;
  /** The highest term of its messages. */
  term: number;
  /** The highest index that it acknowledged in that term. */
  match: number;
}

/** The promises of all peers. */
export class PeerPromises {
  readonly #promised = new Map<NodeId, Promised>();

  /** Why a new run of a peer holds less than an earlier run had; `null`: it holds all of that. */
  judge({ clusterId, from, incarnation, run, held }: PeerHello): HelloRefusal | null {
    const promised = this.#promised.get(from);
    if (clusterId === "" || held === null || promised === undefined) return null;
    if (promised.incarnation !== incarnation || promised.run === run) return null;
    if (!isBehind(held, promised)) return null;
    const detail = `n${from} was in term ${promised.term} and held entry ${promised.match}; this ` +
      `folder is an older copy, in term ${held.term} with entry ${held.index}`;
    return { refusal: "olderCopy", detail };
  }

  /** What is known of a peer that was let in; {@linkcode note} adds to it. */
  of({ from, incarnation, run }: PeerHello): Promised {
    let promised = this.#promised.get(from);
    if (promised?.incarnation !== incarnation) {
      promised = { incarnation, run, term: 0, match: 0 };
      const first = this.#promised.keys().next();
      if (this.#promised.size >= PEERS_MAX && first.done !== true) {
        this.#promised.delete(first.value);
      }
      this.#promised.set(from, promised);
    }
    promised.run = run;
    return promised;
  }
}

/** Notes what a message of a peer promises. Pre-votes promise nothing. */
export function note(promised: Promised, { term, message }: Envelope): void {
  const isOfVotes = message.type === "requestVote" || message.type === "requestVoteReply";
  if (isOfVotes && message.preVote) return;
  if (term > promised.term) {
    promised.term = term;
    promised.match = 0;
  }
  if (term < promised.term || message.type !== "appendEntriesReply" || !message.accepted) return;
  promised.match = Math.max(promised.match, message.match);
}

function isBehind(held: Position, { term, match }: Promised): boolean {
  return held.term < term || (held.term === term && held.index < match);
}
