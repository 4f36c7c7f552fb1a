/**
 * What a node says of elections: whom it follows, and when it knows nobody to follow. Nothing of the
 * attempts in between, so that a node without a majority does not fill a disk.
 *
 * @module
 */

import type { Status } from "../../raft/mod.ts";
import { nodeName } from "../table/mod.ts";

/** A listener to changes of a node that writes lines. */
export function leadershipLog(log: (line: string) => void): (status: Status) => void {
  let told: string | null = null;
  return ({ id, term, leader }) => {
    // A node that starts does not know its leader yet: no news.
    if (leader === null && told === null) return;
    const line = leader === null
      ? `${nodeName(id)} knows no leader`
      : `${nodeName(id)} ${
        leader === id ? "leads" : `follows ${nodeName(leader)}`
      } in term ${term}`;
    if (line === told) return;
    told = line;
    log(line);
  };
}
