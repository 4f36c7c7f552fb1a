/**
 * Linearizable reads without entries in the log (§8, ReadIndex in thesis §6.4): a round of heartbeats
 * confirms that this server still leads. A follower asks its leader for the read position, and answers
 * its reads itself when it has applied that far.
 *
 * Each answer to a heartbeat carries a question as well, so that a follower always knows how new its
 * state is. Answers travel with appends.
 *
 * @module
 */

import type { NodeId, Read, ReadAnswer } from "./model/mod.ts";
import type { Follower, Leader, Server } from "./server/mod.ts";

/** A read that a follower cannot answer for so many election timeouts is given up. */
const FOLLOWER_TIMEOUTS = 2;

/** One round of heartbeats confirms all reads that were registered before it began (R2). */
export function startReads(server: Server, role: Leader): void {
  if (role.reads.hasRounds) takeRounds(server, role);
  if (!role.reads.hasRegistered || !mayStart(server, role)) return;
  role.round++;
  role.reads.start(server.commit, role.round, server.clock.now());
  for (const peer of role.peers.all) peer.isDue = true;
}

/** A round of heartbeats begins in any case: it serves what waits. */
export function startRound(server: Server, role: Leader): void {
  takeRounds(server, role);
  if (!server.isProduction || !mayStart(server, role)) return;
  role.reads.start(server.commit, role.round, server.clock.now());
}

/**
 * Ticks from one heartbeat to the next: a sixth of an election timeout at rest, and fewer while a peer
 * that is in reach has not answered the last one, which may be lost (E12).
 */
export function beatPeriod({ options, isProduction }: Server, role: Leader): number {
  const { heartbeatTicks, electionTicks } = options;
  if (!isProduction) return heartbeatTicks;
  for (const { isActive, round } of role.peers.all) {
    if (isActive && round < role.beatRound) return heartbeatTicks;
  }
  return Math.max(heartbeatTicks, Math.floor(electionTicks / 6));
}

/** The reads that may be answered now, and those that were lost with the lead. */
export function takeReads(server: Server): readonly Read[] {
  const { role, lostReads: lost } = server;
  if (lost.length > 0) server.lostReads = [];
  if (role.kind === "follower") return role.reads.take(server.applied, lost);
  if (role.kind !== "leader" || !role.reads.hasStarted) return lost;
  const ready = role.reads.take(confirmedRound(server, role), server.applied);
  return lost.length === 0 ? ready : [...lost, ...ready];
}

/** A follower has reads that wait. */
export function onReadQuestion(server: Server, from: NodeId, question: number): void {
  if (server.role.kind !== "leader" || server.role.peers.get(from) === undefined) return;
  server.role.reads.question(from, question, true);
}

/** A follower wants to know the read position, if only to know how new its state is. */
export function onQuestion(server: Server, from: NodeId, question: number): void {
  if (server.role.kind === "leader") server.role.reads.question(from, question, false);
}

/** The leader has answered a question of this server (R7). */
export function onReadAnswer(server: Server, role: Follower, answer: ReadAnswer): void {
  const at = server.questions.answered(answer.question);
  if (at === null) return;
  server.freshness.know(at, answer.index);
  role.reads.answer(answer.question, answer.index);
}

/** The question that goes with an answer to a round: a new one for each round; `null`: none. */
export function questionOf(server: Server, role: Follower, round: number): number | null {
  if (!server.isProduction) return null;
  if (round > role.askedRound) {
    role.askedRound = round;
    return server.questions.ask(server.clock.now());
  }
  return server.questions.latest;
}

/** One question asks for all reads that were registered before it. */
export function askLeader(server: Server, role: Follower): void {
  const { reads, leader } = role;
  if (leader === null || !reads.wantsQuestion(server.options.heartbeatTicks)) return;
  const question = server.questions.ask(server.clock.now());
  reads.ask(question);
  server.reply(leader, { type: "readQuestion", question });
}

/** Time passes for the reads of a follower. True: there is something to be done about them. */
export function tickReads({ role, options }: Server): boolean {
  if (role.kind !== "follower" || !role.reads.isWaiting) return false;
  role.reads.tick(FOLLOWER_TIMEOUTS * options.electionTicks);
  return true;
}

/** Whether a round that begins now can serve reads. */
function mayStart(server: Server, role: Leader): boolean {
  // Before the first commit of its term a leader does not know what is committed (R1).
  if (server.log.termAt(server.commit) !== server.term) return false;
  // One round at a time: under load it serves all reads that gathered during the one before.
  return role.reads.startedRound <= confirmedRound(server, role);
}

/** Rounds that a majority has answered show that the state was the newest as they began (R8). */
function takeRounds(server: Server, role: Leader): void {
  for (const { index, at, questions } of role.reads.takeRounds(confirmedRound(server, role))) {
    server.freshness.know(at, index);
    for (const [id, { number, hasReads }] of questions) {
      const peer = role.peers.get(id);
      if (peer === undefined) continue;
      peer.answer = { question: number, index };
      if (hasReads) peer.isDue = true;
    }
  }
}

/** The latest round that a majority has answered. */
function confirmedRound(server: Server, { peers, round }: Leader): number {
  return peers.quorumValue(server.log.placed.configuration, round, (peer) => peer.round);
}
