/**
 * What each peer has promised to this node, and whether a folder still holds that. A folder that was put
 * back from a backup has its old name and forgot what it voted for and acknowledged since (D8).
 *
 * A folder remembers its latest starts, so a copy from before the latest start is known by every peer
 * that met the node since; a copy of a folder in use is known by what its node promised after that.
 *
 * Invariants: a peer is never accused of less than it said itself, because every message says only
 * what is durable at its sender (P1, P3); the memory is bounded.
 *
 * @module
 */

import type { Envelope, Heard, NodeId, Position, Starts } from "../../raft/mod.ts";
import type { HelloRefusal } from "../wire/mod.ts";
import type { PeerHello } from "./peer_hello.ts";

/** The number of peers that are remembered; a new one beyond it replaces the oldest. */
const PEERS_MAX = 1_000;

/** What the folder of a peer must hold; see {@linkcode Heard}. */
export type Promised = { -readonly [Key in keyof Heard]: Heard[Key] };

/** The promises of all peers. */
export class PeerPromises {
  readonly #promised: Map<NodeId, Promised>;
  readonly #keep: (heard: readonly Heard[]) => void;
  /** What is kept. */
  #kept: string;

  /** Begins with what an earlier run of this node has heard. */
  constructor(heard: readonly Heard[] = [], keep: (heard: readonly Heard[]) => void = () => {}) {
    this.#keep = keep;
    this.#promised = new Map(heard.slice(0, PEERS_MAX).map((each) => [each.id, { ...each }]));
    this.#kept = JSON.stringify([...this.#promised.values()]);
  }

  /** Why a new run of a peer holds less than an earlier run had; `null`: it holds all of that. */
  judge({ clusterId, from, incarnation, run, held, starts }: PeerHello): HelloRefusal | null {
    const promised = this.#promised.get(from);
    if (clusterId === "" || held === null || promised === undefined) return null;
    if (promised.incarnation !== incarnation || promised.run === run) return null;
    if (isFromBefore(starts, promised)) {
      const detail = `n${from} was started with a newer folder since; this folder is an older copy`;
      return { refusal: "olderCopy", detail };
    }
    if (!isBehind(held, promised)) return null;
    const detail = `n${from} was in term ${promised.term} and held entry ${promised.match}; this ` +
      `folder is an older copy, in term ${held.term} with entry ${held.index}`;
    return { refusal: "olderCopy", detail };
  }

  /** What is known of a peer that was let in; {@linkcode note} adds to it. */
  of({ from, incarnation, run, starts }: PeerHello): Promised {
    let promised = this.#promised.get(from);
    if (promised?.incarnation !== incarnation) {
      promised = { id: from, incarnation, start: 0, drawn: 0, run, term: 0, match: 0 };
      const first = this.#promised.keys().next();
      if (this.#promised.size >= PEERS_MAX && first.done !== true) {
        this.#promised.delete(first.value);
      }
      this.#promised.set(from, promised);
    }
    promised.run = run;
    const drawn = starts.drawn.at(-1);
    if (drawn !== undefined) Object.assign(promised, { start: starts.latest, drawn });
    return promised;
  }

  /** Keeps all promises, if they have changed since the last call. */
  keep(): void {
    const heard = [...this.#promised.values()].map((each) => ({ ...each }));
    const text = JSON.stringify(heard);
    if (text === this.#kept) return;
    this.#kept = text;
    this.#keep(heard);
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

/** Whether a folder lacks the start of it that was heard; too many starts later it is not known. */
function isFromBefore({ latest, drawn }: Starts, promised: Promised): boolean {
  if (latest === 0 || promised.start === 0) return false;
  const then = drawn.at(-1 - (latest - promised.start));
  if (latest < promised.start) return true;
  return then !== undefined && then !== promised.drawn;
}

function isBehind(held: Position, { term, match }: Promised): boolean {
  return held.term < term || (held.term === term && held.index < match);
}
