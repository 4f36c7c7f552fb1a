/**
 * What must become durable, one save at a time; messages and effects leave meanwhile.
 *
 * @module
 */

import { countOwnVote } from "./elections.ts";
import { invariant, type Save } from "./model/mod.ts";
import { acknowledgeOwed } from "./replication.ts";
import type { Server } from "./server/mod.ts";
import { forgetCovered } from "./snapshots.ts";

/** The save that was taken last is durable. */
export function saved(server: Server): void {
  invariant(server.isSaving, "a save that ends was taken");
  server.isSaving = false;
  server.outbox.saved();
  server.log.saved();
  if (server.snapshotSaving !== null) forgetCovered(server, server.snapshotSaving);
  const role = server.role;
  if (role.kind === "candidate") countOwnVote(server, role);
  else if (role.kind === "follower") acknowledgeOwed(server, role);
}

/** The next save; `null` if there is nothing to save, or a save is under way. */
export function takeSave(server: Server): Save | null {
  if (server.isSaving) return null;
  const { isVoteDurable } = server.outbox;
  const vote = isVoteDurable ? null : { term: server.term, votedFor: server.votedFor };
  const snapshot = server.snapshotChanged ? server.snapshot : null;
  const tail = server.log.takeTail();
  if (vote === null && snapshot === null && tail === null) return null;
  server.outbox.saving();
  server.snapshotSaving = snapshot;
  server.snapshotChanged = false;
  server.isSaving = true;
  return { vote, snapshot, tail };
}
