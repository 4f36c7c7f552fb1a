/**
 * Changes of members (§6, thesis §4): a joint configuration first, then the new one.
 *
 * @module
 */

import { encodeMembers, entered, left, type TargetMembers } from "./members/mod.ts";
import type { Index, NodeId, Position } from "./model/mod.ts";
import { appendOwn } from "./replication.ts";
import type { Leader, Server } from "./server/mod.ts";

/** Why a change of members does not begin: nothing has been changed. */
export type ChangeRefusal =
  /** This server does not lead, or is handing over. */
  | "notLeader"
  /** Another change is under way. */
  | "busy"
  /** The leader has committed nothing in its term yet. */
  | "tooEarly"
  /** A new voter does not hold the log yet, or too slowly: it has to be a learner before. */
  | "notCaughtUp";

/**
 * Begins a change of members if this server leads; returns the place of its entry, or why not. It is
 * in force at once, and of use when it is committed. One change at a time, and only when an entry of
 * this term is committed: otherwise a change that this server never saw may be committed too (M3).
 *
 * @throws {RangeError} If no cluster can have these members, or not after the present ones.
 */
export function changeMembers(server: Server, target: TargetMembers): Position | ChangeRefusal {
  const role = server.role;
  if (role.kind !== "leader" || role.transfer !== null) return "notLeader";
  const { configuration, index } = server.log.placed;
  if (configuration.isJoint || index > server.commit) return "busy";
  if (server.log.termAt(server.commit) !== server.term) return "tooEarly";
  const members = entered(configuration.members, target);
  const isNew = (id: NodeId): boolean => !configuration.isVoter(id);
  if (target.voters.some(({ id }) => isNew(id) && !role.peers.hasCaughtUp(id))) {
    return "notCaughtUp"; // M5
  }
  const entry = appendOwn(server, role, "members", encodeMembers(members));
  server.trace?.(`changes the members with ${entry.index}@${entry.term}`);
  return { index: entry.index, term: entry.term };
}

/** The joint configuration is committed: the new voters alone decide from the next entry on. */
export function advanceMembers(server: Server, role: Leader): void {
  const { configuration, index } = server.log.placed;
  if (index > server.commit) return;
  if (!configuration.isJoint) {
    // Before this leader leaves, it notifies all of the commit.
    if (isLeaving(server) && role.transfer === null) {
      for (const peer of role.peers.all) peer.isDue = true;
    }
  } else if (server.log.termAt(server.commit) === server.term) {
    appendOwn(server, role, "members", encodeMembers(left(configuration.members)));
  }
}

/** Whether members without this server as a voter are committed. */
export function isLeaving(server: Server): boolean {
  return server.log.placed.index <= server.commit && !server.membership.isVoter;
}

/** A member knows, by all that is committed up to an index, that this server is none (M7). */
export function onRemoved(server: Server, commit: Index): void {
  // It is the answer to a request for votes: a server that did not ask has a leader to believe (X6).
  if (!("votes" in server.role)) return;
  server.membership.removed(commit);
  if (server.isRemoved) server.follow(server.term, null);
}

/** Notifies a server that stands for election although it was removed (M7). */
export function dismiss(server: Server, candidate: NodeId): void {
  const commit = server.commit;
  if (!server.membership.excludes(candidate, commit)) return;
  server.reply(candidate, { type: "removed", commit });
}
