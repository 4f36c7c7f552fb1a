/**
 * Messages that no correct peer sends, and the honest ones beside them.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { doubt, type View } from "./doubt.ts";
import type { Envelope, Message, Times } from "./core/mod.ts";
import { entryOf, MEMBERS, momentOf } from "../tests/helpers/log_entries.ts";

/** A follower of n2 in term 5: entries 1 to 10, of which 8 are committed. */
const termAt = (index: number) => index >= 1 && index <= 10 ? (index <= 4 ? 3 : 4) : null;
const follower: View = {
  standing: { term: 5, role: "follower", leader: 2 },
  horizon: { round: 0, last: 10, commit: 8 },
  termAt,
  momentAt: (index) => {
    const term = termAt(index);
    return term === null ? null : { index, term, times: { steady: 50, wall: 100 } };
  },
};
const leader: View = {
  ...follower,
  standing: { term: 5, role: "leader", leader: 1 },
  horizon: { round: 7, last: 10, commit: 8 },
};

function of(message: Message, { from = 2, term = 5 } = {}): Envelope {
  return { from, to: 1, term, message };
}

function append(
  first: number,
  terms: readonly number[],
  times: Times = { steady: 50, wall: 100 },
): Message {
  const entries = terms.map((term, at) => ({ ...entryOf(first + at, term), times }));
  const previous = { index: first - 1, term: 3 };
  return { type: "appendEntries", answer: null, previous, entries, commit: 8, round: 1 };
}

const image: Message = {
  type: "installSnapshot",
  last: momentOf(20, 5),
  members: MEMBERS,
  offset: 0,
  data: new Uint8Array(3),
  total: 3,
  round: 1,
};
const vote: Message = {
  type: "requestVote",
  preVote: false,
  transfer: false,
  last: { index: 0, term: 0 },
};
const rejected: Message = {
  type: "appendEntriesReply",
  accepted: false,
  round: 8,
  previous: 4,
  conflict: { term: null, index: 2 },
};

function accepted(match: number, round: number): Message {
  return { type: "appendEntriesReply", accepted: true, question: null, match, round };
}

function received(round: number): Message {
  return {
    type: "installSnapshotReply",
    last: { index: 3, term: 3 },
    received: 2,
    cursor: new Uint8Array(0),
    round,
  };
}

Deno.test("doubt finds times that go back behind an entry that is held (K1)", () => {
  const reasons = [[50, 100], [49, 100], [50, 99]].map(([steady, wall]) => {
    const times = { steady: steady!, wall: wall! };
    // Entry 10 is held, entry 11 would follow it.
    const message = { ...append(10, [4, 4], times), previous: { index: 9, term: 4 } };
    return doubt(of(message as Message), follower);
  });
  assertEquals(reasons[0], null);
  for (const reason of reasons.slice(1)) {
    assertStringIncludes(reason ?? "", "wanted times of entry 11 from 50 and 100 on");
  }
});

Deno.test("doubt finds what cannot be true", () => {
  const cases: readonly [Envelope, View, string][] = [
    [of(vote, { term: 2 ** 53 - 1 }), follower, "wanted a term up to 1048581"],
    [of(vote, { term: 5 + 2 ** 20 + 1 }), follower, "wanted a term up to 1048581"],
    [of(append(9, [5]), { from: 3 }), follower, "wanted messages of n2, which leads term 5"],
    [of(image, { from: 3 }), leader, "wanted messages of n1, which leads term 5, got some of n3"],
    [of(append(4, [3, 3])), follower, "wanted entry 5 of term 4, which is committed"],
    [of(append(8, [5]), { term: 6 }), follower, "wanted entry 8 of term 4, which is committed"],
    [of(accepted(11, 7)), leader, "wanted a match up to 10, got 11"],
    [of(accepted(10, 8)), leader, "wanted a round up to 7, got 8"],
    [of(rejected), leader, "wanted a round up to 7, got 8"],
    [of(received(8)), leader, "wanted a round up to 7, got 8"],
  ];
  for (const [envelope, view, wanted] of cases) {
    assertStringIncludes(doubt(envelope, view) ?? "no doubt", wanted);
  }
});

Deno.test("doubt lets pass what correct peers send", () => {
  const cases: readonly [Envelope, View][] = [
    [of(vote, { term: 5 + 2 ** 20 }), follower],
    [of(append(9, [5])), follower],
    [of(append(9, [5]), { from: 3 }), {
      ...follower,
      standing: { ...follower.standing, leader: null },
    }],
    [of(append(9, [5]), { from: 3, term: 6 }), follower],
    [of(append(9, [5]), { from: 3, term: 4 }), follower],
    [of(append(5, [4, 4, 4, 4, 5])), follower],
    [of(append(1, [3])), { ...follower, termAt: () => null }],
    [of(image), follower],
    [of(accepted(10, 7)), leader],
    [of(accepted(11, 8)), follower],
    [of(accepted(11, 8), { term: 4 }), leader],
    [of(received(7)), leader],
    [of(rejected), follower],
  ];
  for (const [envelope, view] of cases) assertEquals(doubt(envelope, view), null);
});
