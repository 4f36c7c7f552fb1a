/**
 * Nothing is promised that is not durable: what one server says while its disk is busy.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { append, BareServer, entries, VOTE } from "../../tests/helpers/bare_server.ts";
import type { Message, NodeId, Term } from "./model/types.ts";
import { MEMBERS, momentOf } from "../../tests/helpers/log_entries.ts";

const REQUEST = {
  type: "requestVote",
  preVote: false,
  transfer: false,
  last: { index: 9, term: 9 },
} as const;
const ACCEPTED = { type: "appendEntriesReply", accepted: true, question: null } as const;

/** A message arrives; what leaves at once, with no save ending. */
function hear(server: BareServer, from: NodeId, term: Term, message: Message): readonly Message[] {
  server.raft.step({ from, to: 1, term, message });
  return sent(server);
}

function sent({ raft }: BareServer): readonly Message[] {
  return raft.takeEffects().send.map(({ message }) => message);
}

/** A follower of n2 in term 5, which is durable. */
function follower(terms: readonly Term[] = []): BareServer {
  const server = new BareServer({ log: terms, term: 5 });
  const last = server.status.last;
  server.hear(2, 5, append([last.index, last.term]));
  return server;
}

Deno.test("Raft sends a vote when it is durable, not before (P1)", () => {
  const server = new BareServer();
  assertEquals(hear(server, 2, 4, REQUEST), []);
  assertEquals(server.raft.takeSave()?.vote, { term: 4, votedFor: 2 });
  assertEquals(sent(server), []);
  server.raft.saved();
  assertEquals(sent(server), [VOTE]);
});

Deno.test("Raft sends nothing of a term that the save under way does not hold (P1)", () => {
  const server = new BareServer();
  hear(server, 2, 4, REQUEST);
  server.raft.takeSave();
  assertEquals(hear(server, 3, 6, REQUEST), []);
  server.raft.saved();
  assertEquals(sent(server), []);
  assertEquals(server.turn().messages, [VOTE]);
  assertEquals(server.persistent.votedFor, 3);
});

Deno.test("Raft counts its own vote, and asks for others, when it is durable (P2)", () => {
  const alone = new BareServer({ peers: [1] });
  alone.raft.tick();
  while (alone.status.role === "follower") alone.raft.tick();
  assertEquals([alone.status.role, sent(alone)], ["candidate", []]);
  alone.raft.takeSave();
  assertEquals(alone.status.role, "candidate");
  alone.raft.saved();
  assertEquals(alone.status.role, "leader");
});

Deno.test("Raft acknowledges up to where its log is durable, and the rest when it is (P3)", () => {
  const server = follower();
  assertEquals(hear(server, 2, 5, append([0, 0], { terms: [5, 5] })), []);
  server.raft.takeSave();
  assertEquals(hear(server, 2, 5, append([2, 5], { terms: [5] })), []);
  server.raft.saved();
  assertEquals(sent(server), [{ ...ACCEPTED, match: 2, round: 0 }]);
  assertEquals(server.status.durable, 2);
  server.raft.takeSave();
  server.raft.saved();
  assertEquals(sent(server), [{ ...ACCEPTED, match: 3, round: 0 }]);
});

Deno.test("Raft answers a heartbeat at once, with what is durable (P3)", () => {
  const server = follower();
  hear(server, 2, 5, append([0, 0], { terms: [5] }));
  const beat = { ...append([1, 5], { commit: 1 }), round: 7 };
  assertEquals(hear(server, 2, 5, beat), [{ ...ACCEPTED, match: 0, round: 7 }]);
  assertEquals([server.status.commit, server.status.durable], [1, 0]);
  assertEquals(server.turn().messages, [{ ...ACCEPTED, match: 1, round: 7 }]);
});

Deno.test("Raft takes no entries for durable that were cut while they were being saved (P3)", () => {
  const server = follower([1]);
  hear(server, 2, 5, append([1, 1], { terms: [5, 5, 5] }));
  server.raft.takeSave();
  server.hear(3, 6, { ...REQUEST, last: { index: 0, term: 0 } });
  hear(server, 3, 6, append([2, 5], { terms: [6, 6] }));
  server.raft.saved();
  assertEquals(server.status.last, { index: 4, term: 6 });
  assertEquals(server.status.durable, 2);
});

Deno.test("Raft takes no entries for durable that were cut after they were saved (P3)", () => {
  const server = follower([1, 1, 1]);
  hear(server, 2, 5, append([1, 1], { terms: [5, 5] }));
  assertEquals([server.status.last.index, server.status.durable], [3, 1]);
});

Deno.test("Raft takes nothing of its old log for durable when a snapshot replaces it (P3)", () => {
  const server = follower([1, 1, 1]);
  hear(server, 2, 5, append([3, 1], { terms: [5] }));
  server.raft.takeSave();
  const image = {
    last: momentOf(9, 5),
    members: MEMBERS,
    offset: 0,
    total: 1,
    data: Uint8Array.of(7),
  };
  const chunk = { type: "installSnapshot", ...image, round: 0 } as const;
  assertEquals(hear(server, 2, 5, chunk), []);
  server.raft.saved();
  assertEquals([server.status.durable, server.status.base.index], [0, 9]);
  // Nothing that the old log held is acknowledged as the leader's.
  assertEquals(sent(server), [{ ...ACCEPTED, match: 0, round: 0 }]);
  server.raft.takeSave();
  server.raft.saved();
  assertEquals(sent(server), [{ ...ACCEPTED, match: 9, round: 0 }]);
});

Deno.test("Raft leads without its own disk in a majority, until that has caught up (L6)", () => {
  const server = new BareServer();
  server.lead();
  server.raft.propose(Uint8Array.of(1));
  assertEquals(sent(server).length > 0, true);
  const { term } = server.status;
  hear(server, 2, term, { ...ACCEPTED, match: 1, round: 0 });
  assertEquals(server.status.commit, 0);
  hear(server, 3, term, { ...ACCEPTED, match: 1, round: 0 });
  assertEquals([server.status.commit, server.status.durable], [1, 0]);
});

Deno.test("Raft has one save under way at a time, and gathers what comes meanwhile", () => {
  const server = follower();
  hear(server, 2, 5, append([0, 0], { terms: [5] }));
  assertEquals(server.raft.takeSave()?.tail, { from: 1, entries: entries([5]) });
  hear(server, 2, 5, append([1, 5], { terms: [5] }));
  hear(server, 2, 5, append([2, 5], { terms: [5] }));
  assertEquals(server.raft.takeSave(), null);
  server.raft.saved();
  assertEquals(server.raft.takeSave()?.tail, { from: 2, entries: entries([5, 5], 2) });
  server.raft.saved();
  assertEquals(server.raft.takeSave(), null);
});

Deno.test("Raft offers a snapshot, and forgets what it covers, only when it is durable (S6)", () => {
  const server = new BareServer({ profile: "production", trailingBytes: 0 });
  server.lead();
  const { term } = server.status;
  server.hear(2, term, { ...ACCEPTED, match: 1, round: 0 });
  server.raft.compact(1, Uint8Array.of(7));
  assertEquals(server.raft.termAt(0), 0);
  server.raft.takeSave();
  const refused = { ...ACCEPTED, accepted: false, previous: 0, round: 0 } as const;
  hear(server, 3, term, { ...refused, conflict: { term: null, index: 1 } });
  assertEquals(server.status.peers.find(({ id }) => id === 3)?.mode, "probing");
  server.raft.saved();
  assertEquals([server.raft.termAt(0), server.raft.termAt(1)], [null, term]);
});

Deno.test("Raft offers the snapshot that is durable, not a newer one that is being saved (S6)", () => {
  const snapshot = { last: momentOf(1, 1), members: MEMBERS, data: Uint8Array.of(7) };
  const persistent = { term: 1, votedFor: null, snapshot, entries: entries([1], 2) };
  const server = new BareServer({ profile: "production", trailingBytes: 0, persistent });
  server.lead();
  const { term } = server.status;
  server.hear(2, term, { ...ACCEPTED, match: 3, round: 0 });
  server.raft.compact(3, Uint8Array.of(8, 8));
  const refused = { ...ACCEPTED, accepted: false, previous: 2, round: 0 } as const;
  const messages = hear(server, 3, term, { ...refused, conflict: { term: null, index: 1 } });
  const offered = messages.find(({ type }) => type === "installSnapshot");
  assert(offered?.type === "installSnapshot");
  assertEquals([offered.last.index, offered.total], [1, 1]);
});
