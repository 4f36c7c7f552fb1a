/**
 * Invariants of one server's state, in a single state and between two states. The simulator checks
 * them after every turn; the watcher checks those between servers.
 *
 * @module
 */

import {
  type Index,
  invariant,
  type PeerStatus,
  type Raft,
  type Status,
  type Term,
} from "./core/mod.ts";

/** The state of one server. */
export interface Look {
  /** The state that is judged. */
  readonly status: Status;
  /** The term of an entry; `null` where the log holds none. */
  readonly termAt: (index: Index) => Term | null;
}

/** Checks a core against itself and against an earlier status; returns the status for next time. */
export function checkRaft(raft: Raft, before: Status | null): Status {
  const look = { status: raft.status(), termAt: (index: Index) => raft.termAt(index) };
  checkNow(look);
  if (before !== null) checkSince(before, look);
  return look.status;
}

/** Checks the invariants of a single state. */
export function checkNow({ status, termAt }: Look): void {
  const { base, applied, commit, last, durable, term, role, leader, id, votedFor } = status;
  invariant(base.index <= applied, `the snapshot (${base.index}) covers only applied (${applied})`);
  invariant(applied <= commit, `applied (${applied}) is committed (${commit})`);
  invariant(commit <= last.index, `committed (${commit}) is in the log (${last.index})`);
  invariant(durable <= last.index, `what is durable (${durable}) is in the log (${last.index})`);
  invariant(last.term <= term, `no entry (${last.term}) is of a term after the current (${term})`);
  invariant(termAt(base.index) === base.term, `the log begins after the snapshot's ${base.index}`);
  invariant(role !== "leader" || leader === id, "a leader knows that it leads");
  invariant(
    role !== "candidate" && role !== "leader" || votedFor === id,
    "who stands for election has voted for itself (§5.2)",
  );
  for (const peer of status.peers) checkPeer(peer, status);
  if (role === "leader" && termAt(commit) === term) checkMajority(status);
}

/**
 * Checks that the entries that a leader of this term has committed are durable on a majority,
 * itself included.
 */
function checkMajority({ commit, durable, peers }: Status): void {
  const holders = [durable, ...peers.map(({ match }) => match)].filter((index) => index >= commit);
  invariant(
    2 * holders.length > peers.length + 1,
    `committed (${commit}) is durable on a majority, this server's ${durable} counted (L6)`,
  );
}

function checkPeer({ id, match, next, mode }: PeerStatus, { last }: Status): void {
  invariant(match < next, `n${id}: match (${match}) is before next (${next})`);
  invariant(match <= last.index, `n${id}: match (${match}) is in the log (${last.index})`);
  invariant(
    next <= last.index + 1 || mode === "snapshot",
    `n${id}: next (${next}) is in the log or right behind it (${last.index})`,
  );
}

/**
 * Checks the invariants between an earlier state and a later one without a restart between them.
 */
export function checkSince(before: Status, { status: after, termAt }: Look): void {
  invariant(after.term >= before.term, `the term goes from ${before.term} not back (§5.1, E4)`);
  invariant(after.commit >= before.commit, `commit goes from ${before.commit} not back`);
  invariant(after.applied >= before.applied, `applied goes from ${before.applied} not back`);
  invariant(after.base.index >= before.base.index, "a newer snapshot covers no less (S2)");
  if (after.term !== before.term) return;
  invariant(
    before.votedFor === null || after.votedFor === before.votedFor,
    `the vote for n${before.votedFor} stands for the whole of term ${after.term} (§5.2, E2)`,
  );
  if (before.role !== "leader" || after.role !== "leader") return;
  // Leader append-only (§5.3): the former end of the log is still there.
  const term = termAt(before.last.index);
  invariant(
    term === null || term === before.last.term,
    `a leader keeps its entry ${before.last.index}@${before.last.term}`,
  );
  invariant(after.last.index >= before.last.index, "a leader cuts nothing from its log (§5.3)");
  for (const peer of after.peers) {
    const earlier = before.peers.find(({ id }) => id === peer.id);
    invariant((earlier?.match ?? 0) <= peer.match, `n${peer.id}: match goes not back (L9)`);
  }
}
