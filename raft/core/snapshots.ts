/**
 * Snapshots (§7): the log is compacted, an image is sent to a follower whose entries it has lost, and
 * replaces the follower's log.
 *
 * @module
 */

import {
  type Arrival,
  type Index,
  type InstallSnapshot,
  type InstallSnapshotReply,
  invariant,
  type NodeId,
  type Snapshot,
} from "./model/mod.ts";
import { acknowledgeOwed, verify } from "./replication.ts";
import type { Server } from "./server/mod.ts";

/** The most by which a snapshot may be ahead of the log, as TERM_JUMP_MAX bounds terms (X7). */
const INDEX_JUMP_MAX = 2 ** 44;

/** The application has an image of everything up to `index`: the log may forget it (§7). */
export function compact(server: Server, index: Index, data: Uint8Array): void {
  invariant(index <= server.applied, `index ${index} is applied (applied: ${server.applied})`);
  if (index <= (server.snapshot?.last.index ?? 0)) return;
  const last = server.log.momentAt(index);
  server.snapshot = { last, members: server.membersAt(index), data };
  server.snapshotChanged = true;
  server.log.cover(last);
  server.trace?.(`compacts to ${last.index}@${last.term}`);
}

/** Receives a chunk of an image, or a question how much of it is here (§7). */
export function onInstallSnapshot(server: Server, from: NodeId, message: InstallSnapshot): void {
  const { last, members, offset, data, total, round } = message;
  const role = server.hear(from, round);
  if (role === null) return;
  if (last.index > server.log.last.index + INDEX_JUMP_MAX) return;
  if (last.index <= server.commit) return verify(server, role, server.commit, message);
  if (server.log.matches(last)) {
    // The log holds the snapshot's last entry, so that entry and all after it are kept (§7).
    server.commitTo(last.index);
    return verify(server, role, last.index, message);
  }
  if (data.length === 0 && total > 0 && server.timer.isReceiving) {
    return verify(server, role, server.commit, message);
  }
  server.imageRound = Math.max(server.imageRound, round);
  const arrival = server.images.receive({ from, last, members, offset, data, total });
  // A chunk that waits to be processed is not lost: its answer follows.
  if (arrival.isBusy) verify(server, role, server.commit, message);
  else arrived(server, arrival);
}

/** Tells the leader how much of an image is here, or installs one that is whole. */
function arrived(
  server: Server,
  { last: { index, term }, place: { offset: received, cursor }, snapshot }: Arrival,
): void {
  const last = { index, term };
  const role = server.role;
  if (snapshot !== null) install(server, snapshot);
  if (role.kind !== "follower" || role.leader === null) return;
  const round = server.imageRound;
  if (snapshot === null) {
    const reply = { last, received, cursor, round };
    return server.reply(role.leader, { type: "installSnapshotReply", ...reply });
  }
  server.verified = Math.max(server.verified, last.index);
  role.owedRound = Math.max(role.owedRound ?? 0, round);
  if (server.log.durable >= server.verified) acknowledgeOwed(server, role);
}

/**
 * The log conflicts with the snapshot, or ends before it, so all of it is dropped (§7). While the
 * image was put into force the log may have come to hold its position; then it stays.
 */
function install(server: Server, snapshot: Snapshot): void {
  const { last } = snapshot;
  server.snapshot = snapshot;
  server.snapshotChanged = true;
  server.restore = snapshot;
  if (server.log.matches(last)) server.log.cover(last);
  else server.log.reset(last, snapshot.members);
  server.applied = last.index;
  server.commit = Math.max(server.commit, last.index);
  server.trace?.(`installs snapshot ${snapshot.last.index}@${snapshot.last.term}`);
}

/** A durable snapshot may be offered to peers, and the log forgets most of what it covers (§7). */
export function forgetCovered(server: Server, snapshot: Snapshot): void {
  server.snapshotDurable = snapshot;
  server.snapshotSaving = null;
  const peers = server.role.kind === "leader" ? server.role.peers.all : [];
  // A peer that receives a snapshot will need the entries after it.
  const keep = Math.min(...peers.map(({ transferring }) => transferring ?? Infinity));
  server.log.trim(server.options.trailingBytes, keep);
}

/** A follower says how much of an image it has. */
export function onInstallSnapshotReply(
  server: Server,
  from: NodeId,
  message: InstallSnapshotReply,
): void {
  const held = server.log.matches(message.last) ? server.log.momentAt(message.last.index) : null;
  server.hearPeer(from, message.round)?.received(message, { images: server.images, held });
}

/**
 * What the images say has changed: an image moved on or has arrived, the state became durable up to
 * a later position, or entries can be applied again.
 */
export function imagesChanged(server: Server): void {
  const { durable } = server.images;
  const arrival = server.images.takeArrival();
  if (arrival !== null) arrived(server, arrival);
  if (durable !== null && durable.last.index <= server.applied) {
    compact(server, durable.last.index, durable.data);
  }
}
