/**
 * Replication of the log (§5.3, §5.4.2): the leader appends and commits, followers append and
 * acknowledge, all apply what is committed.
 *
 * @module
 */

import {
  type AppendAccepted,
  type AppendEntries,
  type AppendRejected,
  type Entry,
  type EntryKind,
  type Envelope,
  type Index,
  type InstallSnapshot,
  invariant,
  type NodeId,
} from "./model/mod.ts";
import { isBulk } from "./peers/mod.ts";
import { onQuestion, onReadAnswer, questionOf } from "./read_rounds.ts";
import type { Follower, Leader, Server } from "./server/mod.ts";

/** A leader appends an entry to its own log; it counts in a majority when it is durable (L6). */
export function appendOwn(
  server: Server,
  { time, peers }: Leader,
  kind: EntryKind,
  data: Uint8Array,
): Entry {
  const index = server.log.last.index + 1;
  const entry: Entry = { index, term: server.term, times: time.read(), kind, data };
  server.log.append(entry);
  if (kind === "members") peers.follow(server.log.placed, index);
  return entry;
}

/** Appends promise nothing about this server's disk: they leave while it writes (thesis §10.2.1). */
export function replicate(server: Server, { peers, round, time }: Leader, send: Envelope[]): void {
  time.turned();
  const { log, snapshotDurable: snapshot, images, commit } = server;
  for (const peer of peers.all) {
    const waiting = server.waiting(peer.id);
    for (const message of peer.takeMessages({ log, snapshot, images, commit, round, waiting })) {
      const { answer } = peer;
      if (answer === null || message.type !== "appendEntries") {
        send.push(server.envelope(peer.id, message));
      } else {
        send.push(server.envelope(peer.id, { ...message, answer }));
        peer.answer = null;
      }
    }
  }
}

/** Appends the leader's entries if the log agrees with it before them (§5.3). */
export function onAppendEntries(server: Server, from: NodeId, message: AppendEntries): void {
  const { previous, entries, round } = message;
  const role = server.hear(from, round);
  if (role === null) return;
  if (message.answer !== null) onReadAnswer(server, role, message.answer);
  if (previous.index < server.log.base.index) {
    // Everything up to our snapshot is committed, so the leader has it too.
    return verify(server, role, server.commit, message);
  }
  // Entries before this position may still be arriving; whether they are lost is not known.
  if (!server.log.matches(previous) && entries.length === 0 && server.timer.isReceiving) {
    return verify(server, role, server.commit, message);
  }
  if (!server.log.matches(previous)) {
    const conflict = server.log.conflictWith(previous);
    const refusal = { previous: previous.index, conflict, round };
    return server.reply(from, { type: "appendEntriesReply", accepted: false, ...refusal });
  }
  const cut = server.log.splice(entries);
  invariant(cut === null || cut > server.commit, `index ${cut} to be cut is not committed`); // L4
  verify(server, role, previous.index + entries.length, message);
  // Only what the leader's messages have verified may be committed because of them (L2).
  server.commitTo(Math.min(message.commit, server.verified));
}

/**
 * The log agrees with the leader's up to the index. That is acknowledged at once, or when it is
 * durable.
 */
export function verify(
  server: Server,
  role: Follower,
  index: Index,
  message: AppendEntries | InstallSnapshot,
): void {
  server.verified = Math.max(server.verified, index);
  role.owedRound = Math.max(role.owedRound ?? 0, message.round);
  // A round without entries is answered at once: it confirms reads and the leader's lead.
  if (!isBulk(message) || server.log.durable >= server.verified) acknowledgeOwed(server, role);
}

/** Acknowledges what is durable; the rest stays owed until the next save has ended (P3). */
export function acknowledgeOwed(server: Server, role: Follower): void {
  if (role.leader === null || role.owedRound === null) return;
  const match = Math.min(server.verified, server.log.durable);
  const { owedRound: round } = role;
  const question = questionOf(server, role, round);
  const reply = { type: "appendEntriesReply", accepted: true, match, round, question } as const;
  server.reply(role.leader, reply);
  if (match === server.verified) role.owedRound = null;
}

/** A peer acknowledges what it has durable, or says from where its log differs. */
export function onAppendEntriesReply(
  server: Server,
  from: NodeId,
  message: AppendAccepted | AppendRejected,
): void {
  const peer = server.hearPeer(from, message.round);
  if (peer === null) return;
  if (message.accepted) {
    if (message.question !== null) onQuestion(server, from, message.question);
    if (message.match > server.log.last.index) return;
    return peer.accepted(message.match, message.round);
  }
  const { previous, conflict } = message;
  if (!peer.isNews(previous)) return;
  // Back up by a whole term at a time (end of §5.3): behind our own last entry of the follower's
  // term if we have that term, else to where the follower's term begins.
  const own = conflict.term === null ? null : server.log.lastOfTerm(conflict.term);
  const next = own !== null && own < previous ? own + 1 : conflict.index;
  peer.rejected(Math.min(next, previous));
}

/**
 * An entry of this term on a majority is committed, and so are all entries before it (§5.3,
 * §5.4.2).
 */
export function advanceCommit(server: Server, role: Leader): void {
  const { configuration } = server.log.placed;
  // This server's disk counts like the others, up to its durable index (L6).
  const index = role.peers.quorumValue(configuration, server.log.durable, (peer) => peer.match);
  if (server.log.termAt(index) === server.term) server.commitTo(index);
}

/** A leader without room takes no new commands, so its log bounds what it applies (D5). */
export function canApply(server: Server): boolean {
  const { canApply, hasRoom } = server.images;
  return canApply || !hasRoom && server.role.kind === "leader";
}

/** The committed entries to be applied now. */
export function takeCommitted(server: Server): readonly Entry[] {
  if (!canApply(server)) return [];
  const { applyEntriesMax, applyBytesMax: bytesMax } = server.options;
  const entriesMax = Math.min(applyEntriesMax, server.commit - server.applied);
  const { entries } = server.log.slice(server.applied + 1, { entriesMax, bytesMax });
  server.applied += entries.length;
  return entries;
}
