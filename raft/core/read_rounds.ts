/**
 * Linearizable reads without entries in the log (§8, ReadIndex in thesis §6.4): a round of heartbeats
 * confirms that this server still leads.
 *
 * @module
 */

import type { Read } from "./model/mod.ts";
import type { Leader, Server } from "./server/mod.ts";

/** One round of heartbeats confirms all reads that were registered before it began (R2). */
export function startReads(server: Server, role: Leader): void {
  // Before the first commit of its term a leader does not know what is committed (R1).
  if (!role.reads.hasRegistered || server.log.termAt(server.commit) !== server.term) return;
  // One round at a time: under load it serves all reads that gathered during the one before.
  if (role.reads.startedRound > confirmedRound(server, role)) return;
  role.round++;
  role.reads.start(server.commit, role.round);
  for (const peer of role.peers.all) peer.isDue = true;
}

/** The reads that may be answered now, and those that were lost with the lead. */
export function takeReads(server: Server): readonly Read[] {
  const { role, lostReads: lost } = server;
  if (lost.length > 0) server.lostReads = [];
  if (role.kind !== "leader" || !role.reads.hasStarted) return lost;
  const ready = role.reads.take(confirmedRound(server, role), server.applied);
  return lost.length === 0 ? ready : [...lost, ...ready];
}

/** The latest round that a majority has answered. */
function confirmedRound(server: Server, { peers, round }: Leader): number {
  return peers.quorumValue(server.log.placed.configuration, round, (peer) => peer.round);
}
