/**
 * The leaders of a cluster, as its nodes remember them.
 *
 * @module
 */

import type { NodeId } from "../../raft/mod.ts";

/** What a client sends to get the leaders that a node remembers. */
export const LEADERS_REQUEST = "leaders";

/** The number of leaders that a page shows. */
const SHOWN_MAX = 32;

/** When a node came to know the leader of a term. */
export interface LeaderSeen {
  /** Milliseconds since 1970, by the clock of that node. */
  readonly at: number;
  readonly term: number;
  readonly leader: NodeId;
}

/** Collects what nodes remember. A term has one leader at most, and counts from when it was seen first. */
export class LeaderHistory {
  #leaders: readonly LeaderSeen[] = [];

  /** The latest leaders, oldest first. */
  get latest(): readonly LeaderSeen[] {
    return this.#leaders;
  }

  /** Whether the leader of a term is known. */
  has(term: number): boolean {
    return this.#leaders.some((each) => each.term === term);
  }

  /** Adds what a node has answered; an older program answers something else. */
  add(answer: unknown): void {
    if (!Array.isArray(answer)) return;
    const byTerm = new Map(this.#leaders.map((each) => [each.term, each]));
    for (const seen of answer.filter(isLeaderSeen)) {
      const before = byTerm.get(seen.term);
      if (before === undefined || seen.at < before.at) byTerm.set(seen.term, seen);
    }
    const sorted = [...byTerm.values()].sort((one, other) => one.term - other.term);
    this.#leaders = sorted.slice(-SHOWN_MAX);
  }
}

function isLeaderSeen(value: unknown): value is LeaderSeen {
  if (typeof value !== "object" || value === null) return false;
  const { at, term, leader } = value as Partial<LeaderSeen>;
  return [at, term, leader].every(Number.isSafeInteger);
}
