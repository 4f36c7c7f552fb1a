/**
 * A single core with its persistent state, for tests of one server and one message at a time.
 *
 * @module
 */

import {
  type AppendEntries,
  applySave,
  type Clocks,
  type Effects,
  EMPTY,
  type Entry,
  type Index,
  type Message,
  type NodeId,
  type Persistent,
  Raft,
  type RaftOptions,
  type Save,
  type Status,
  type Term,
} from "../../raft/mod.ts";
import { entryOf, STILL_CLOCKS } from "./log_entries.ts";

/** Options of a {@linkcode BareServer}: by default node 1 of three in the lab's profile. */
export interface BareOptions extends Partial<RaftOptions> {
  /** The terms of the log's entries, from index 1. */
  readonly log?: readonly Term[];
  readonly term?: Term;
  readonly persistent?: Persistent;
  readonly random?: () => number;
  readonly clock?: Clocks;
}

/** The effects of one turn, with all messages in one list. */
export interface Turn {
  readonly messages: readonly Message[];
  /** The first save. */
  readonly save: Save | null;
  readonly applied: readonly Index[];
  readonly effects: Effects;
}

/** A server that the test drives step by step. */
export class BareServer {
  readonly raft: Raft;
  persistent: Persistent;

  constructor({ log = [], term, persistent, ...rest }: BareOptions = {}) {
    const { random = () => 0, clock = STILL_CLOCKS, ...options } = rest;
    this.persistent = persistent ??
      { ...EMPTY, term: term ?? log.at(-1) ?? 0, entries: entries(log) };
    const full = { profile: "lab", id: 1, peers: [1, 2, 3], ...options } as const;
    this.raft = new Raft(full, this.persistent, { random, clock });
  }

  get status(): Status {
    return this.raft.status();
  }

  /** The terms of the entries after the log's base. */
  get terms(): readonly (Term | null)[] {
    const { base, last } = this.status;
    return Array.from(
      { length: last.index - base.index },
      (_, place) => this.raft.termAt(base.index + place + 1),
    );
  }

  /** Takes the effects of a turn, and saves until nothing is left to save. */
  turn(): Turn {
    let effects = this.raft.takeEffects();
    let save: Save | null = null;
    for (let next = this.raft.takeSave(); next !== null; next = this.raft.takeSave()) {
      save ??= next;
      this.persistent = applySave(this.persistent, next);
      this.raft.saved();
      effects = joined(effects, this.raft.takeEffects());
    }
    const messages = effects.send.map(({ message }) => message);
    const applied = effects.apply.map(({ index }) => index);
    return { messages, save, applied, effects };
  }

  /** Delivers a message and takes a turn. */
  hear(from: NodeId, term: Term, message: Message): Turn {
    this.raft.step({ from, to: this.status.id, term, message });
    return this.turn();
  }

  tick(count: number): Turn {
    for (let number = 0; number < count; number++) this.raft.tick();
    return this.turn();
  }

  /** Times out and wins an election; returns the turn in which it won. */
  lead(): Turn {
    let turn = this.turn();
    while (this.status.role === "follower") turn = this.tick(1);
    for (const from of [2, 3, 4, 5, 2, 3, 4, 5]) {
      const { role, term } = this.status;
      if (role === "leader") break;
      turn = this.hear(from, term, { ...VOTE, preVote: role === "pre-vote" });
    }
    return turn;
  }
}

/** The effects of two turns as one. */
function joined(first: Effects, second: Effects): Effects {
  return {
    send: [...first.send, ...second.send],
    restore: second.restore ?? first.restore,
    apply: [...first.apply, ...second.apply],
    reads: [...first.reads, ...second.reads],
    members: second.members ?? first.members,
  };
}

/** A candidate's request for a vote, with an empty log. */
export const REQUEST = {
  type: "requestVote",
  preVote: false,
  transfer: false,
  last: { index: 0, term: 0 },
} as const;

/** A granted vote. */
export const VOTE = { type: "requestVoteReply", preVote: false, granted: true } as const;

/** Entries with the given terms, from index `from`. */
export function entries(terms: readonly Term[], from = 1): Entry[] {
  return terms.map((term, place) => entryOf(from + place, term, Uint8Array.of(from + place, term)));
}

/** An append after `previous` (index and term) with entries of the given terms. */
export function append(
  previous: readonly [Index, Term],
  { terms = [], commit = 0, round = 0 }: {
    readonly terms?: readonly Term[];
    readonly commit?: Index;
    readonly round?: number;
  } = {},
): AppendEntries {
  const [index, term] = previous;
  return {
    type: "appendEntries",
    answer: null,
    previous: { index, term },
    entries: entries(terms, index + 1),
    commit,
    round,
  };
}
