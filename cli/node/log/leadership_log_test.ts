/**
 * Tests of which elections a node logs.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { NodeId, Status, Term } from "../../../raft/mod.ts";
import { SETTLED } from "../../../tests/helpers/log_entries.ts";
import { leadershipLog } from "./leadership_log.ts";

const nothing = {
  votedFor: null,
  durable: 0,
  commit: 0,
  applied: 0,
  logBytes: 0,
  snapshotBytes: 0,
  peers: [],
  ...SETTLED,
};
const start = { index: 0, term: 0 };

function status(term: Term, leader: NodeId | null): Status {
  const role = leader === 1 ? "leader" : "follower";
  return { id: 1, role, term, leader, base: start, last: start, ...nothing };
}

Deno.test("leadershipLog logs each leader once, and once that there is no leader", () => {
  const lines: string[] = [];
  const tell = leadershipLog((line) => lines.push(line));
  tell(status(0, null));
  tell(status(1, null));
  tell(status(1, 2));
  tell(status(1, 2));
  for (let term = 1; term < 9; term++) tell(status(term, null));
  tell(status(9, 1));
  assertEquals(lines, ["n1 follows n2 in term 1", "n1 knows no leader", "n1 leads in term 9"]);
});
