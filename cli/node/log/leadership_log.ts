/**
 * Logs each new leader, and the loss of a leader. It does not log the attempts in between, so that
 * a node without a majority cannot fill a disk.
 *
 * @module
 */

import type { Status } from "../../../raft/mod.ts";
import { nodeName } from "../../table/mod.ts";

/** Logs the leader when it changes. */
export function leadershipLog(log: (line: string) => void): (status: Status) => void {
  let last: string | null = null;
  return ({ id, term, leader }) => {
    // A node that has just started knows no leader yet.
    if (leader === null && last === null) return;
    const line = leader === null
      ? `${nodeName(id)} knows no leader`
      : `${nodeName(id)} ${
        leader === id ? "leads" : `follows ${nodeName(leader)}`
      } in term ${term}`;
    if (line === last) return;
    last = line;
    log(line);
  };
}
