/**
 * Tests of the invariants of a single server's state: each one is broken on purpose and detected.
 *
 * @module
 */

import { assertThrows } from "@std/assert";
import { checkNow, checkSince } from "./check.ts";
import { Configuration } from "./core/members/configuration.ts";
import { InvariantError } from "./core/model/invariant.ts";
import type { Status } from "./core/model/status.ts";
import { SETTLED } from "../tests/helpers/log_entries.ts";

const GOOD: Status = {
  id: 1,
  role: "leader",
  term: 3,
  leader: 1,
  votedFor: 1,
  base: { index: 2, term: 1 },
  last: { index: 9, term: 3 },
  durable: 8,
  commit: 7,
  applied: 5,
  logBytes: 0,
  snapshotBytes: 0,
  ...SETTLED,
  peers: [2, 3].map((id) => {
    const [mode, transfer] = ["streaming", null] as const;
    return { id, mode, match: 7, next: 9, active: true, caughtUp: true, transfer };
  }),
};

function termAt(index: number): number {
  return index <= 2 ? 1 : 3;
}

function state(change: Partial<Status>) {
  return { status: { ...GOOD, ...change }, termAt };
}

function peer(change: Partial<Status["peers"][number]>): Partial<Status> {
  return { peers: [{ ...GOOD.peers[0]!, ...change }, GOOD.peers[1]!] };
}

Deno.test("checkNow detects each broken invariant of a single state", () => {
  checkNow(state({}));
  const broken: [Partial<Status>, string][] = [
    [{ applied: 1 }, "covers only applied"],
    [{ applied: 8 }, "is committed"],
    [{ commit: 10 }, "is in the log"],
    [{ last: { index: 9, term: 4 } }, "after the current"],
    [{ base: { index: 2, term: 2 } }, "the log begins"],
    [{ leader: 2 }, "knows that it leads"],
    [{ votedFor: 2 }, "voted for itself"],
    [{ role: "candidate", votedFor: null }, "voted for itself"],
    [{ durable: 6, peers: GOOD.peers.map((each) => ({ ...each, match: 6 })) }, "on a majority"],
    [{ peers: GOOD.peers.map((each) => ({ ...each, match: 6 })) }, "on a majority"],
    [{ members: Configuration.of([2, 3]).members }, "a leader leaves"],
    [{ role: "candidate", removed: true }, "does not stand"],
    [peer({ match: 9 }), "is before next"],
    [peer({ match: 10, next: 11 }), "is in the log"],
    [peer({ next: 11 }), "right behind it"],
  ];
  for (const [change, words] of broken) {
    assertThrows(() => checkNow(state(change)), InvariantError, words);
  }
});

Deno.test("checkSince detects each value that must not decrease", () => {
  checkSince(GOOD, state({}));
  const broken: [Partial<Status>, string][] = [
    [{ term: 2 }, "the term goes"],
    [{ commit: 6 }, "commit goes"],
    [{ applied: 4 }, "applied goes"],
    [{ base: { index: 1, term: 1 } }, "covers no less"],
    [{ votedFor: 2 }, "stands for the whole"],
    [{ last: { index: 8, term: 3 } }, "cuts nothing"],
    [peer({ match: 6 }), "match goes not back"],
  ];
  for (const [change, words] of broken) {
    assertThrows(() => checkSince(GOOD, state(change)), InvariantError, words);
  }
  const changed = { ...GOOD, membersIndex: 8 };
  const next = state({ membersIndex: 9, commit: 7 });
  assertThrows(() => checkSince(changed, next), InvariantError, "changes the members of 8");
  const rewritten = { status: GOOD, termAt: () => 2 };
  assertThrows(() => checkSince(GOOD, rewritten), InvariantError, "keeps its entry 9@3");
});
