/**
 * Leadership transfer (thesis §3.10): a leader asks its successor to stand.
 *
 * @module
 */

import { campaign } from "./elections.ts";
import { isLeaving } from "./member_changes.ts";
import type { Envelope, NodeId } from "./model/mod.ts";
import type { Leader, Server } from "./server/mod.ts";

/**
 * Hands leadership over to a voter, or to the one that can take over soonest: no command is taken
 * any more until it has succeeded or an election timeout is over. False: no server can
 * take over, or this one does not lead.
 */
export function transfer(server: Server, to: NodeId | null): boolean {
  const role = server.role;
  if (role.kind !== "leader" || role.transfer !== null) return false;
  const { configuration } = server.log.placed;
  const successor = to ?? role.peers.best(configuration);
  if (successor === null || role.peers.get(successor) === undefined) return false;
  if (!configuration.members.voters.some(({ id }) => id === successor)) return false;
  role.transfer = { to: successor, ticks: 0, isAsked: false };
  server.trace?.(`hands over to n${successor}`);
  return true;
}

/**
 * Asks the successor to stand when it has all that this leader has (thesis §3.10). A leader that is
 * no voter any more has led until that was committed, and looks for a successor by itself (M6).
 */
export function handOver(server: Server, role: Leader, send: Envelope[]): void {
  const leaves = isLeaving(server);
  if (leaves && role.transfer === null) {
    const to = role.peers.best(server.log.placed.configuration);
    if (to === null) return server.follow(server.term, null);
    role.transfer = { to, ticks: 0, isAsked: false };
  }
  const { transfer, peers } = role;
  if (transfer === null || transfer.isAsked) return;
  const end = server.log.last.index;
  // What was proposed has been applied here, so that no caller is left without an answer.
  if (server.applied < end || peers.get(transfer.to)?.match !== end) return;
  transfer.isAsked = true;
  send.push(server.envelope(transfer.to, { type: "timeoutNow" }));
  if (leaves) server.follow(server.term, null);
}

/** The successor did not take over in time: lead on, or leave without one (M10). */
export function endTransfer(server: Server, role: Leader): void {
  role.transfer = null;
  if (isLeaving(server)) server.follow(server.term, null);
}

/** The leader asks this server to stand at once. */
export function onTimeoutNow(server: Server, from: NodeId): void {
  const role = server.role;
  if (
    role.kind !== "follower" || role.leader !== from || !server.membership.mayStand(server.commit)
  ) return;
  campaign(server, "candidate", true);
}
