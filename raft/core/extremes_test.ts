/**
 * Messages whose numbers are as small or large as they can be: whatever a peer sends, no server dies
 * of it, and the cluster can still elect and commit.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { append, BareServer, VOTE } from "../../tests/helpers/bare_server.ts";
import { decodeEnvelope, encodeEnvelope, type EnvelopeValue } from "../message.ts";
import type { Envelope, Message } from "./model/types.ts";
import { MEMBERS, momentOf } from "../../tests/helpers/log_entries.ts";

const EXTREMES = [0, 1, 2, 2 ** 31, 2 ** 32, 2 ** 52, Number.MAX_SAFE_INTEGER];
const LAST = momentOf(1, 1);
const ROUND = { round: 0 };

/** One message of each kind, from n2 in the term of the server that gets it. */
const MESSAGES: readonly Message[] = [
  { type: "requestVote", preVote: false, transfer: false, last: LAST },
  { type: "requestVote", preVote: true, transfer: false, last: LAST },
  VOTE,
  append([1, 1], { terms: [1], commit: 1 }),
  { type: "appendEntriesReply", accepted: true, question: null, match: 1, ...ROUND },
  {
    ...{ type: "appendEntriesReply", accepted: false, previous: 1, ...ROUND } as const,
    conflict: { term: null, index: 1 },
  },
  {
    ...{ type: "installSnapshot", last: LAST, members: MEMBERS, offset: 0 } as const,
    ...{ data: new Uint8Array(1), total: 2, ...ROUND },
  },
  {
    ...{ type: "installSnapshot", last: LAST, members: MEMBERS, offset: 0 } as const,
    ...{ data: new Uint8Array(1), total: 1, ...ROUND },
  },
  { type: "installSnapshotReply", last: LAST, received: 1, cursor: new Uint8Array(3), ...ROUND },
  { type: "removed", commit: 1 },
  { type: "timeoutNow" },
];

/** The message with each of its numbers at each extreme, as far as the decoder lets it through. */
function* variants(envelope: Envelope): Generator<Envelope> {
  const fields = encodeEnvelope(envelope);
  for (let place = 3; place < fields.length; place++) {
    if (typeof fields[place] !== "number") continue;
    for (const extreme of EXTREMES) {
      const changed: EnvelopeValue[] = [...fields];
      changed[place] = extreme;
      const decoded = decodedOrNull(changed);
      if (decoded !== null) yield decoded;
    }
  }
}

function decodedOrNull(fields: readonly EnvelopeValue[]): Envelope | null {
  try {
    return decodeEnvelope(fields);
  } catch (error) {
    assert(error instanceof RangeError || error instanceof TypeError);
    return null;
  }
}

/** A server in each role, in the production profile, with two entries. */
function servers(): BareServer[] {
  const make = () => new BareServer({ profile: "production", log: [1, 1], trailingBytes: 0 });
  const follower = make();
  follower.hear(3, 1, append([2, 1], { commit: 1 }));
  const preVote = make();
  while (preVote.status.role === "follower") preVote.tick(1);
  const candidate = make();
  while (candidate.status.role === "follower") candidate.tick(1);
  candidate.hear(3, 1, { ...VOTE, preVote: true });
  const leader = make();
  leader.lead();
  return [make(), follower, preVote, candidate, leader];
}

Deno.test("Raft bears every number of every message at its extremes, in every role (X7)", () => {
  let count = 0;
  for (const message of MESSAGES) {
    for (let place = 0; place < servers().length; place++) {
      const { term } = servers()[place]!.status;
      for (const { from, to, ...rest } of variants({ from: 2, to: 1, term, message })) {
        const server = servers()[place]!;
        const before = server.status.term;
        server.raft.step({ from, to, ...rest });
        server.turn();
        server.tick(3);
        assert(server.status.term <= before + 2 ** 32, "a term that leaves room for elections");
        assert(server.status.last.index < 2 ** 50, "an index that leaves room for entries");
        count++;
      }
    }
  }
  assert(count > 500, `only ${count} messages were tried`);
});

Deno.test("Raft follows no term that is absurdly far ahead, and elects after it (X7)", () => {
  const server = new BareServer();
  for (const term of [2 ** 33, 2 ** 52, Number.MAX_SAFE_INTEGER]) {
    server.hear(2, term, { type: "requestVote", preVote: false, transfer: false, last: LAST });
    server.hear(2, term, append([0, 0]));
  }
  assertEquals(server.status.term, 0);
  server.lead();
  assertEquals([server.status.role, server.status.term], ["leader", 1]);
});

Deno.test("Raft goes on leading when a peer acknowledges what was never sent (X7)", () => {
  const server = new BareServer();
  server.lead();
  const { term } = server.status;
  const accepted = { type: "appendEntriesReply", accepted: true, question: null } as const;
  server.hear(2, term, { ...accepted, match: 1_000, round: 0 });
  server.hear(2, term, { ...accepted, match: 0, round: 1_000 });
  server.raft.propose(Uint8Array.of(1));
  server.turn();
  const [two] = server.status.peers;
  assertEquals([server.status.role, server.status.commit, two?.match], ["leader", 0, 0]);
});

Deno.test("Raft confirms no read by an answer to a round that has not begun (R2)", () => {
  const server = new BareServer();
  server.lead();
  const { term } = server.status;
  const accepted = {
    type: "appendEntriesReply",
    accepted: true,
    question: null,
    match: 1,
  } as const;
  server.raft.propose(Uint8Array.of(1));
  server.turn();
  server.hear(2, term, { ...accepted, round: 0 });
  server.hear(2, term, { ...accepted, round: 1_000 });
  server.raft.read(7);
  assertEquals(server.turn().effects.reads, []);
  const answered = server.hear(2, term, { ...accepted, round: server.raft.horizon.round });
  assertEquals(answered.effects.reads, [{ context: 7, confirmed: true }]);
});

Deno.test("Raft believes that it was removed only as an answer to its request for votes (M7, X6)", () => {
  const server = new BareServer({ profile: "production", log: [1, 1] });
  const removed = { type: "removed", commit: Number.MAX_SAFE_INTEGER } as const;
  server.hear(2, 1, append([2, 1], { commit: 2 }));
  server.hear(3, 1, removed);
  assertEquals(server.status.removed, false);
  server.lead();
  server.hear(3, server.status.term, removed);
  assertEquals([server.status.role, server.status.removed], ["leader", false]);
});
