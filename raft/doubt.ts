/**
 * Messages that cannot be true, whatever has happened: no correct peer sends them. They are refused
 * before they reach the rules of consensus, whose own checks end the server. Pure.
 *
 * Invariant: a message of a peer that keeps to the protocol is never doubted (X6).
 *
 * @module
 */

import { type AppendEntries, type Envelope, goesBack, type Raft } from "./core/mod.ts";

/** The state of a server that a message is judged by. */
export type View = Pick<Raft, "standing" | "termAt" | "momentAt" | "horizon">;

/**
 * The most by which a term may grow in one message. A term grows by one with each election, so a
 * million at once is a lie; at 2^53 no election could ever follow.
 */
const TERM_JUMP_MAX = 2 ** 20;

/** The reason why a message cannot be true; `null` if it may be. */
export function doubt({ from, term, message }: Envelope, view: View): string | null {
  const { term: own, role } = view.standing;
  if (term > own + TERM_JUMP_MAX) return `wanted a term up to ${own + TERM_JUMP_MAX}, got ${term}`;
  if (message.type === "appendEntries" && term > own) {
    return doubtEntries(message, view) ?? doubtTimes(message, view);
  }
  if (term !== own) return null;
  switch (message.type) {
    case "requestVote":
    case "requestVoteReply":
    case "removed":
    case "readQuestion":
      return null;
    case "appendEntries":
      return doubtLeader(from, view) ?? doubtEntries(message, view) ?? doubtTimes(message, view);
    case "installSnapshot":
    case "timeoutNow":
      return doubtLeader(from, view);
    case "appendEntriesReply":
      if (role === "leader" && message.accepted && message.match > view.horizon.last) {
        return `wanted a match up to ${view.horizon.last}, got ${message.match}`;
      }
      return doubtRound(message.round, view);
    case "installSnapshotReply":
      return doubtRound(message.round, view);
  }
}

/** A term has one leader (§5.2). */
function doubtLeader(from: number, { standing: { term, leader } }: View): string | null {
  if (leader === null || leader === from) return null;
  return `wanted messages of n${leader}, which leads term ${term}, got some of n${from}`;
}

/** What is committed stays (§5.4). */
function doubtEntries({ entries }: AppendEntries, view: View): string | null {
  for (const { index, term } of entries) {
    if (index > view.horizon.commit) return null;
    const held = view.termAt(index);
    if (held !== null && held !== term) {
      return `wanted entry ${index} of term ${held}, which is committed, got one of term ${term}`;
    }
  }
  return null;
}

/** Times do not go back along a log (K1). */
function doubtTimes({ previous, entries }: AppendEntries, view: View): string | null {
  let { term } = previous;
  for (const entry of entries) {
    if (view.termAt(entry.index) !== entry.term) {
      const held = view.momentAt(entry.index - 1);
      if (held?.term !== term || !goesBack(held.times, entry.times)) return null;
      const { steady, wall } = held.times;
      return `wanted times of entry ${entry.index} from ${steady} and ${wall} on, ` +
        `got ${entry.times.steady} and ${entry.times.wall}`;
    }
    term = entry.term;
  }
  return null;
}

/** Rounds are numbered by the leader (R2). */
function doubtRound(round: number, { standing, horizon }: View): string | null {
  if (standing.role !== "leader" || round <= horizon.round) return null;
  return `wanted a round up to ${horizon.round}, got ${round}`;
}
