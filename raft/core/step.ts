/**
 * What a message does: the rules for all servers (§5.1), then the section that the message belongs to.
 *
 * @module
 */

import { hasLiveLeader, onRequestVote, onRequestVoteReply } from "./elections.ts";
import { dismiss, onRemoved } from "./member_changes.ts";
import type { Envelope, Message, NodeId } from "./model/mod.ts";
import { onReadQuestion } from "./read_rounds.ts";
import { onAppendEntries, onAppendEntriesReply } from "./replication.ts";
import type { Server } from "./server/mod.ts";
import { onInstallSnapshot, onInstallSnapshotReply } from "./snapshots.ts";
import { onTimeoutNow } from "./transfer.ts";

/**
 * The most by which a message may raise the term. Without a bound, one message with the highest
 * number would leave no term for any election, for ever (X7).
 */
const TERM_JUMP_MAX = 2 ** 32;

/** A message arrived. */
export function step(server: Server, envelope: Envelope): void {
  const { from, to, term, message } = envelope;
  // Also a server that is no member here is heard: it may be one in a later configuration (M8).
  if (to !== server.options.id || from === to) return;
  if (term > server.term + TERM_JUMP_MAX) return; // X7
  if (message.type === "removed") return onRemoved(server, message.commit);
  if (message.type === "requestVote" && !message.transfer && hasLiveLeader(server)) {
    return dismiss(server, from);
  }
  // Rules for all servers: after a message of a higher term a server is a follower in that term
  // (§5.1).
  if (term > server.term) server.follow(term, null);
  if (term < server.term) return answerStale(server, from, message);
  switch (message.type) {
    case "requestVote":
      return onRequestVote(server, from, message);
    case "requestVoteReply":
      return onRequestVoteReply(server, from, message);
    case "appendEntries":
    case "installSnapshot":
      // A term has one leader (§5.2), so what another says in this server's own is worth nothing.
      if (server.role.kind === "leader") return;
      return message.type === "appendEntries"
        ? onAppendEntries(server, from, message)
        : onInstallSnapshot(server, from, message);
    case "appendEntriesReply":
      return onAppendEntriesReply(server, from, message);
    case "installSnapshotReply":
      return onInstallSnapshotReply(server, from, message);
    case "readQuestion":
      return onReadQuestion(server, from, message.question);
    case "timeoutNow":
      return onTimeoutNow(server, from);
    default:
      message satisfies never;
  }
}

/** Refuses a request of an earlier term, with our term (§5.1). */
function answerStale(server: Server, from: NodeId, message: Message): void {
  if (message.type === "requestVote") {
    server.reply(from, { type: "requestVoteReply", preVote: message.preVote, granted: false });
    dismiss(server, from);
  } else if (message.type === "appendEntries" || message.type === "installSnapshot") {
    const conflict = { term: null, index: server.log.last.index + 1 };
    // The sender may have become leader of our term; zeros keep it from taking the old round as
    // current (L9, R2).
    const refusal = { round: 0, previous: 0, conflict };
    server.reply(from, { type: "appendEntriesReply", accepted: false, ...refusal });
  }
}
