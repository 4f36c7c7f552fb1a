/**
 * Elections and votes (§5.2, §5.4.1), with the pre-vote before them (thesis §9.6).
 *
 * @module
 */

import { dismiss } from "./member_changes.ts";
import { LeaderTime, type NodeId, type RequestVote, type RequestVoteReply } from "./model/mod.ts";
import { Peers } from "./peers/mod.ts";
import { appendOwn } from "./replication.ts";
import { type Candidate, type Leader, type PreVote, ReadQueue, type Server } from "./server/mod.ts";

const NO_DATA = new Uint8Array(0);

/** Starts an election, or the pre-vote before one, which changes neither term nor vote. */
export function campaign(server: Server, kind: "pre-vote" | "candidate", transfer = false): void {
  if (kind === "candidate") server.enter(server.term + 1, server.options.id);
  // After a pre-vote that failed any message of the leader counts again: should a number be wrong,
  // this server must not ignore a leader that all others hear.
  else if (server.role.kind === "pre-vote") server.timer.forgetRounds();
  const role: PreVote | Candidate = { kind, votes: new Set() };
  server.become(role);
  server.timer.reset();
  server.trace?.(kind === "pre-vote" ? "tries an election" : `is candidate in term ${server.term}`);
  const { index, term } = server.log.last;
  const { configuration } = server.log.placed;
  for (const { id } of configuration.all) {
    if (id === server.options.id || !configuration.isVoter(id)) continue;
    const preVote = kind === "pre-vote";
    server.reply(id, { type: "requestVote", preVote, transfer, last: { index, term } });
  }
  countOwnVote(server, role);
}

/**
 * Counts its own vote once that is durable: before, a crash may erase it, and another candidate
 * get it (P2).
 */
export function countOwnVote(server: Server, role: PreVote | Candidate): void {
  if (role.kind === "candidate" && !server.outbox.isVoteDurable) return;
  role.votes.add(server.options.id);
  countVotes(server);
}

/** A majority of votes elects (§5.2); a majority of pre-votes starts the election. */
function countVotes(server: Server): void {
  const role = server.role;
  if (!("votes" in role)) return;
  if (!server.log.placed.configuration.hasQuorum((id) => role.votes.has(id))) return;
  if (role.kind === "pre-vote") campaign(server, "candidate");
  else lead(server);
}

/**
 * Won the election: announces that to all at once (§5.2) and opens the term with a no-op (§8).
 */
function lead(server: Server): void {
  const peers = new Peers(server.options, server.log.placed, server.log.last.index);
  const time = new LeaderTime(server.log.last.times, server.clock);
  const reads = new ReadQueue();
  const role: Leader = {
    ...{ kind: "leader", peers, round: 0, beatRound: 0, beatTicks: 0 },
    ...{ reads, time, transfer: null },
  };
  server.become(role);
  server.trace?.(`leads term ${server.term}`);
  if (server.isProduction) appendOwn(server, role, "noop", NO_DATA);
}

/**
 * While a leader is alive no election is needed: a server that hears it ignores candidates, so
 * that a server which was cut off for a while cannot disturb the others (§6, thesis §4.2.3; E9).
 */
export function hasLiveLeader(server: Server): boolean {
  const { role, leader } = server.standing;
  const isHeard = leader !== null && server.timer.isLeaderRecent;
  return server.isProduction && (role === "leader" || isHeard);
}

/** Votes at most once in a term, and never for a log that is behind (§5.2, §5.4.1). */
export function onRequestVote(server: Server, from: NodeId, { preVote, last }: RequestVote): void {
  const own = server.log.last;
  // Election restriction: never for a log that is behind ours (§5.4.1).
  const isUpToDate = last.term > own.term || (last.term === own.term && last.index >= own.index);
  const isFree = preVote || server.votedFor === null || server.votedFor === from;
  const granted = isUpToDate && isFree;
  if (granted && !preVote) {
    if (server.role.kind !== "follower") server.follow(server.term, null);
    if (server.votedFor === null) {
      server.votedFor = from;
      server.outbox.voteChanged();
      server.trace?.(`votes for n${from} in term ${server.term}`);
    }
    server.timer.reset();
  }
  server.reply(from, { type: "requestVoteReply", preVote, granted });
  if (!granted) dismiss(server, from);
}

/** Counts a vote that was granted. */
export function onRequestVoteReply(
  server: Server,
  from: NodeId,
  { preVote, granted }: RequestVoteReply,
): void {
  const role = server.role;
  if (!granted || role.kind !== (preVote ? "pre-vote" : "candidate")) return;
  role.votes.add(from);
  countVotes(server);
}
