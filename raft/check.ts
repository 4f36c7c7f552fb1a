/**
 * Invariants of one server's state, in a single state and between two states. The simulator checks
 * them after every turn; the watcher checks those between servers.
 *
 * @module
 */

import {
  Configuration,
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
    "a candidate has voted for itself (§5.2)",
  );
  checkPlace(status);
  for (const peer of status.peers) checkPeer(peer, status);
  if (role === "leader" && termAt(commit) === term) checkMajority(status);
}

/** A server that is no member any more neither leads nor stands for election. */
function checkPlace(status: Status): void {
  const { id, role, members, membersIndex, commit, removed, transferTo } = status;
  const isVoter = new Configuration(members).isVoter(id);
  invariant(
    role !== "leader" || isVoter || membersIndex > commit || transferTo !== null,
    `a leader leaves when the members without it (${membersIndex}) are committed (M6)`,
  );
  invariant(
    !removed || role === "follower" || role === "leader",
    "a server that was removed does not stand for election (M7)",
  );
}

/**
 * What a leader of this term has committed is durable on a quorum, itself counted like the others. A
 * later configuration, not committed yet, says nothing about it.
 */
function checkMajority({ id, commit, durable, peers, members, membersIndex }: Status): void {
  if (membersIndex > commit) return;
  const holders = peers.filter(({ match }) => match >= commit).map((peer) => peer.id);
  if (durable >= commit) holders.push(id);
  invariant(
    new Configuration(members).hasQuorum((voter) => holders.includes(voter)),
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
  invariant(
    after.membersIndex === before.membersIndex ||
      before.membersIndex <= after.commit && termAt(after.commit) === after.term,
    `a leader changes the members of ${before.membersIndex} when those are committed (M3)`,
  );
  // Leader append-only (§5.3): the former end of the log is still there.
  const term = termAt(before.last.index);
  invariant(
    term === null || term === before.last.term,
    `a leader keeps its entry ${before.last.index}@${before.last.term}`,
  );
  invariant(after.last.index >= before.last.index, "a leader cuts nothing from its log (§5.3)");
  // A peer that was removed and added again begins anew.
  if (after.membersIndex !== before.membersIndex) return;
  for (const peer of after.peers) {
    const earlier = before.peers.find(({ id }) => id === peer.id);
    invariant((earlier?.match ?? 0) <= peer.match, `n${peer.id}: match goes not back (L9)`);
  }
}
