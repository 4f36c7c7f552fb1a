/**
 * The paper's rules, one test for each sentence that can be tested, in the order of the sections.
 * The extended version of "In Search of an Understandable Consensus Algorithm"; "thesis" is
 * Ongaro's dissertation.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { append, BareServer, entries, REQUEST, VOTE } from "../helpers/bare_server.ts";
import { entryOf, MEMBERS, momentOf } from "../helpers/log_entries.ts";

const ELECTION_TICKS = 30;
const NO_ROUND = { round: 0 } as const;
const accepted = (match: number) =>
  ({ type: "appendEntriesReply", accepted: true, question: null, match, ...NO_ROUND }) as const;
const rejected = (previous: number, conflict: { term: number | null; index: number }) =>
  ({ type: "appendEntriesReply", accepted: false, previous, conflict, ...NO_ROUND }) as const;

Deno.test("§5.1 if a request has a stale term, the server rejects it and sends its own", () => {
  const server = new BareServer({ term: 5 });
  const { messages, effects } = server.hear(2, 4, append([0, 0]));
  assertEquals(messages.map((message) => "accepted" in message && message.accepted), [false]);
  assertEquals(effects.send[0]!.term, 5);
  assertEquals(server.status.leader, null);
});

Deno.test("§5.1 if one server's term is smaller, it updates to the larger value", () => {
  const server = new BareServer({ term: 5 });
  const { save } = server.hear(2, 9, { ...VOTE, granted: false });
  assertEquals(server.status.term, 9);
  assertEquals(save?.vote, { term: 9, votedFor: null });
});

Deno.test("§5.1 a candidate or leader that finds its term out of date becomes a follower", () => {
  const candidate = new BareServer();
  candidate.tick(ELECTION_TICKS);
  assertEquals(candidate.status.role, "candidate");
  candidate.hear(2, 2, { ...VOTE, granted: false });
  assertEquals(candidate.status.role, "follower");
  const leader = new BareServer();
  leader.lead();
  leader.hear(3, 7, rejected(0, { term: null, index: 1 }));
  assertEquals([leader.status.role, leader.status.term], ["follower", 7]);
});

Deno.test("§5.2 when servers start up, they begin as followers", () => {
  assertEquals(new BareServer({ term: 3 }).status.role, "follower");
});

Deno.test("§5.2 a follower that hears nothing becomes a candidate: new term, own vote, requests to all", () => {
  const server = new BareServer({ log: [1, 2] });
  assertEquals(server.tick(ELECTION_TICKS - 1).messages, []);
  const { messages, save } = server.tick(1);
  assertEquals(save?.vote, { term: 3, votedFor: 1 });
  const last = { index: 2, term: 2 };
  assertEquals(messages, [{ ...REQUEST, last }, { ...REQUEST, last }]);
});

Deno.test("§5.2 a candidate wins with votes from a majority for the same term", () => {
  const server = new BareServer({ peers: [1, 2, 3, 4, 5] });
  server.tick(ELECTION_TICKS);
  server.hear(2, 1, VOTE);
  server.hear(2, 1, VOTE);
  server.hear(3, 1, { ...VOTE, granted: false });
  assertEquals(server.status.role, "candidate");
  server.hear(4, 1, VOTE);
  assertEquals(server.status.role, "leader");
});

Deno.test("§5.2 votes of an earlier term do not count", () => {
  const server = new BareServer();
  server.tick(ELECTION_TICKS);
  server.tick(ELECTION_TICKS);
  assertEquals(server.status.term, 2);
  server.hear(2, 1, VOTE);
  assertEquals(server.status.role, "candidate");
});

Deno.test("§5.2 each server votes for at most one candidate in a term, first come, first served", () => {
  const server = new BareServer();
  assertEquals(server.hear(2, 1, REQUEST).messages, [VOTE]);
  assertEquals(server.hear(3, 1, REQUEST).messages, [{ ...VOTE, granted: false }]);
  assertEquals(server.hear(2, 1, REQUEST).messages, [VOTE]);
});

Deno.test("Figure 2: term and vote are saved before the answer leaves, and survive a restart", () => {
  const server = new BareServer();
  server.raft.step({ from: 2, to: 1, term: 4, message: REQUEST });
  assertEquals(server.raft.takeEffects().send, []);
  const { save, messages } = server.turn();
  assertEquals([save?.vote, messages.length], [{ term: 4, votedFor: 2 }, 1]);
  const again = new BareServer({ persistent: server.persistent });
  assertEquals(again.hear(3, 4, REQUEST).messages, [{ ...VOTE, granted: false }]);
});

Deno.test("§5.2 a winner sends heartbeats to all of the others at once", () => {
  const { messages } = new BareServer().lead();
  assertEquals(messages, [append([0, 0]), append([0, 0])]);
});

Deno.test("§5.2 a leader sends heartbeats periodically", () => {
  const server = new BareServer();
  server.lead();
  const count = server.tick(9).messages.length;
  assertEquals(server.tick(1).messages.length - count, 2);
});

Deno.test("§5.2 a candidate that hears a leader of its term or a later one follows it", () => {
  for (const term of [1, 2]) {
    const server = new BareServer();
    server.tick(ELECTION_TICKS);
    server.hear(2, term, append([0, 0]));
    assertEquals([server.status.role, server.status.leader], ["follower", 2]);
  }
});

Deno.test("§5.2 a candidate that hears a leader of an earlier term stays a candidate", () => {
  const server = new BareServer({ term: 3 });
  server.tick(ELECTION_TICKS);
  server.hear(2, 3, append([0, 0]));
  assertEquals([server.status.role, server.status.term], ["candidate", 4]);
});

Deno.test("§5.2 if votes are split, candidates time out and start a new election", () => {
  const server = new BareServer();
  server.tick(ELECTION_TICKS);
  server.hear(2, 1, { ...VOTE, granted: false });
  const { messages } = server.tick(ELECTION_TICKS);
  assertEquals([server.status.role, server.status.term, messages.length], ["candidate", 2, 2]);
});

Deno.test("§5.2 election timeouts are chosen anew from a fixed interval", () => {
  const seen = new Set<number>();
  let draw = 0;
  const server = new BareServer({ random: () => (draw = (draw + 0.37) % 1) });
  for (let term = 1; term <= 50; term++) {
    let ticks = 0;
    for (; server.status.term < term; ticks++) server.tick(1);
    seen.add(ticks);
  }
  assert([...seen].every((ticks) => ticks >= ELECTION_TICKS && ticks < 2 * ELECTION_TICKS));
  assert(seen.size > 20, `only ${seen.size} different timeouts`);
});

Deno.test("Figure 2: a granted vote or an append of the leader resets the election timer", () => {
  for (const message of [REQUEST, append([0, 0]), append([7, 1])]) {
    const server = new BareServer({ term: 1 });
    server.tick(ELECTION_TICKS - 1);
    server.hear(2, 1, message);
    server.tick(ELECTION_TICKS - 1);
    assertEquals(server.status.role, "follower", message.type);
  }
});

Deno.test("Figure 2: a refused vote, a stale append or a reply does not reset it", () => {
  const stale = [
    [2, { ...REQUEST }],
    [1, append([0, 0])],
    [2, { ...VOTE, granted: false }],
  ] as const;
  for (const [term, message] of stale) {
    const server = new BareServer({ log: [1, 2] });
    server.tick(ELECTION_TICKS - 1);
    server.hear(2, term, message);
    server.tick(1);
    assertEquals(server.status.role, "candidate", message.type);
  }
});

Deno.test("§5.3 a leader appends a command to its log and sends it to all others in parallel", () => {
  const server = new BareServer({ log: [1, 1] });
  server.lead();
  server.hear(2, 2, accepted(2));
  server.hear(3, 2, accepted(2));
  assertEquals(server.raft.propose(Uint8Array.of(9)), { index: 3, term: 2 });
  const { messages, effects } = server.turn();
  assertEquals(effects.send.map(({ to }) => to), [2, 3]);
  for (const message of messages) {
    assert(message.type === "appendEntries");
    assertEquals(message.entries, [entryOf(3, 2, Uint8Array.of(9))]);
  }
});

Deno.test("§5.3 an entry is committed once the leader has replicated it on a majority", () => {
  const server = new BareServer({ peers: [1, 2, 3, 4, 5] });
  server.lead();
  server.raft.propose(Uint8Array.of(1));
  assertEquals(server.turn().applied, []);
  assertEquals(server.hear(2, 1, accepted(1)).applied, []);
  assertEquals(server.hear(2, 1, accepted(1)).applied, []);
  assertEquals(server.hear(3, 1, accepted(1)).applied, [1]);
});

Deno.test("§5.3 this also commits all preceding entries in the leader's log", () => {
  const server = new BareServer({ log: [1, 1, 2] });
  server.lead();
  server.raft.propose(Uint8Array.of(1));
  server.turn();
  assertEquals(server.hear(2, 3, accepted(4)).applied, [1, 2, 3, 4]);
});

Deno.test("§5.3 the commit index travels in later appends, heartbeats included", () => {
  const server = new BareServer();
  server.lead();
  server.hear(3, 1, accepted(0));
  server.raft.propose(Uint8Array.of(1));
  server.turn();
  server.hear(2, 1, accepted(1));
  const { messages } = server.tick(10);
  assert(messages.length > 0);
  for (const message of messages) assert(message.type === "appendEntries" && message.commit === 1);
});

Deno.test("§5.3 a follower that learns that an entry is committed applies it, in log order", () => {
  const server = new BareServer();
  server.hear(2, 1, append([0, 0], { terms: [1, 1, 1] }));
  assertEquals(server.hear(2, 1, append([3, 1], { commit: 2 })).applied, [1, 2]);
  assertEquals(server.hear(2, 1, append([3, 1], { commit: 3 })).applied, [3]);
  assertEquals(server.hear(2, 1, append([3, 1], { commit: 3 })).applied, []);
});

Deno.test("§5.3 a follower refuses entries if its log does not hold the one before them", () => {
  for (const previous of [[4, 2], [3, 1]] as const) {
    const server = new BareServer({ log: [1, 1, 2] });
    const { messages, save } = server.hear(2, 3, append(previous, { terms: [3] }));
    assert(messages[0]?.type === "appendEntriesReply" && !messages[0].accepted);
    assertEquals(save?.tail ?? null, null);
    assertEquals(server.terms, [1, 1, 2]);
  }
});

Deno.test("§5.3 a conflicting entry is deleted with all that follow it", () => {
  const server = new BareServer({ log: [1, 1, 2, 2, 2] });
  const { save } = server.hear(2, 3, append([2, 1], { terms: [3] }));
  assertEquals(server.terms, [1, 1, 3]);
  assertEquals(save?.tail, { from: 3, entries: entries([3], 3) });
});

Deno.test("Figure 2: entries already in the log stay, with all that follow them", () => {
  const server = new BareServer({ log: [1, 1, 2, 2] });
  const { save, messages } = server.hear(2, 2, append([1, 1], { terms: [1, 2] }));
  assertEquals(server.terms, [1, 1, 2, 2]);
  assertEquals(save, null);
  assertEquals(messages, [accepted(3)]);
});

Deno.test("Figure 2: commit is the lesser of the leader's and the last entry of the message", () => {
  const server = new BareServer({ log: [1, 1, 1, 1] });
  server.hear(2, 2, append([1, 1], { terms: [1], commit: 4 }));
  assertEquals(server.status.commit, 2);
});

Deno.test("§5.3 a leader begins behind the last entry of its own log", () => {
  const server = new BareServer({ log: [1, 1, 2] });
  const { messages } = server.lead();
  assertEquals(messages.map((message) => "previous" in message && message.previous), [
    { index: 3, term: 2 },
    { index: 3, term: 2 },
  ]);
});

Deno.test("§5.3 after a refusal it goes back and retries, a whole term at a time", () => {
  const server = new BareServer({ log: [1, 1, 4, 4, 5] });
  server.lead();
  const toTerm = server.hear(2, 6, rejected(5, { term: 4, index: 3 })).messages;
  assertEquals(toTerm, [append([4, 4], { terms: [5] })]);
  const toIndex = server.hear(2, 6, rejected(4, { term: 2, index: 2 })).messages;
  assertEquals(toIndex, [append([1, 1], { terms: [1, 4, 4, 5] })]);
});

Deno.test("§5.3 a follower returns the term of the conflict and its first index", () => {
  const server = new BareServer({ log: [1, 2, 2, 2] });
  const conflict = { term: 2, index: 2 };
  assertEquals(server.hear(2, 5, append([4, 3])).messages, [rejected(4, conflict)]);
  const short = { term: null, index: 5 };
  assertEquals(server.hear(2, 5, append([9, 3])).messages, [rejected(9, short)]);
});

Deno.test("§5.3 a leader never overwrites or deletes entries in its log", () => {
  const server = new BareServer({ log: [1, 1] });
  server.lead();
  server.raft.propose(Uint8Array.of(1));
  server.turn();
  // Another leader of its term would be a mistake, so its messages have no effect.
  assertEquals(server.hear(2, 2, append([0, 0], { terms: [2] })).messages, []);
  assertEquals([server.terms, server.status.role], [[1, 1, 2], "leader"]);
});

Deno.test("§5.4.1 no vote for a candidate whose log is behind: term first, then length", () => {
  const log = [1, 2, 2];
  const cases = [
    [{ index: 5, term: 1 }, false],
    [{ index: 2, term: 2 }, false],
    [{ index: 3, term: 2 }, true],
    [{ index: 4, term: 2 }, true],
    [{ index: 1, term: 3 }, true],
  ] as const;
  for (const [last, granted] of cases) {
    const { messages } = new BareServer({ log }).hear(2, 4, { ...REQUEST, last });
    assertEquals(messages, [{ ...VOTE, granted }]);
  }
});

Deno.test("§5.4.2 entries of earlier terms are never committed by counting replicas", () => {
  const server = new BareServer({ log: [1, 2], term: 3 });
  server.lead();
  assertEquals(server.hear(2, 4, accepted(2)).applied, []);
  assertEquals(server.hear(3, 4, accepted(2)).applied, []);
  assertEquals(server.status.commit, 0);
  server.raft.propose(Uint8Array.of(1));
  server.turn();
  assertEquals(server.hear(3, 4, accepted(3)).applied, [1, 2, 3]);
});

Deno.test("§5.5 an append that arrives twice changes nothing the second time", () => {
  const server = new BareServer();
  const message = append([0, 0], { terms: [1, 1], commit: 1 });
  server.hear(2, 1, message);
  const { save, applied, messages } = server.hear(2, 1, message);
  assertEquals([save, applied, messages], [null, [], [accepted(2)]]);
});

Deno.test("§7 a server with a snapshot forgets the log up to its last included entry", () => {
  const server = new BareServer({ trailingBytes: 0 });
  server.hear(2, 1, append([0, 0], { terms: [1, 1, 1], commit: 2 }));
  server.raft.compact(2, Uint8Array.of(7));
  const { save } = server.turn();
  assertEquals(save?.snapshot, { last: momentOf(2, 1), members: MEMBERS, data: Uint8Array.of(7) });
  assertEquals([server.status.base.index, server.terms], [2, [1]]);
  assertEquals(server.persistent.entries.map(({ index }) => index), [3]);
});

Deno.test("§7 the last included position serves the check of the first entry behind it", () => {
  const server = new BareServer({
    persistent: {
      term: 2,
      votedFor: null,
      snapshot: { last: momentOf(5, 2), members: MEMBERS, data: new Uint8Array() },
      entries: [],
    },
  });
  assertEquals(server.hear(2, 3, append([5, 2], { terms: [3] })).messages, [accepted(6)]);
  assertEquals(server.terms, [3]);
});

function chunk(last: readonly [number, number], bytes: readonly [number, number, number]) {
  const [offset, length, total] = bytes;
  return {
    ...{
      type: "installSnapshot",
      last: momentOf(last[0], last[1]),
      members: MEMBERS,
      offset,
      total,
    } as const,
    data: new Uint8Array(length).fill(offset + 1),
    ...NO_ROUND,
  };
}

Deno.test("§7 a leader sends its snapshot when it has discarded the next entry it needs to send", () => {
  const server = new BareServer({ trailingBytes: 0, snapshotChunkBytes: 2 });
  server.lead();
  for (let number = 0; number < 3; number++) server.raft.propose(Uint8Array.of(number));
  server.turn();
  server.hear(2, 1, accepted(3));
  server.raft.compact(3, Uint8Array.of(1, 2, 3));
  server.turn();
  const { messages } = server.hear(3, 1, rejected(0, { term: null, index: 1 }));
  const position = momentOf(3, 1);
  const chunks = messages.length > 0 ? messages : server.tick(10).messages;
  const sent = chunks.find(({ type }) => type === "installSnapshot");
  assert(sent?.type === "installSnapshot");
  assertEquals([sent.last, sent.offset, sent.total], [position, 0, 3]);
});

Deno.test("§7 a follower discards a log that the snapshot supersedes, and restores the image", () => {
  const server = new BareServer({ log: [1, 1, 1] });
  const { save, effects, messages } = server.hear(2, 4, chunk([7, 3], [0, 2, 2]));
  assertEquals(effects.restore?.last, momentOf(7, 3));
  assertEquals(save?.snapshot?.data, Uint8Array.of(1, 1));
  assertEquals(server.persistent.entries, []);
  assertEquals(messages, [accepted(7)]);
  assertEquals([server.status.commit, server.status.applied], [7, 7]);
});

Deno.test("§7 entries behind the snapshot are kept if the log holds its last entry", () => {
  const server = new BareServer({ log: [1, 1, 2, 2] });
  const { effects, messages } = server.hear(2, 4, chunk([3, 2], [0, 2, 2]));
  assertEquals(server.terms.slice(-1), [2]);
  assertEquals(server.status.last, { index: 4, term: 2 });
  assertEquals(effects.restore, null);
  assertEquals(messages, [accepted(3)]);
});

Deno.test("Figure 13: chunks are put together in order, and the last one completes the image", () => {
  const server = new BareServer();
  const first = server.hear(2, 4, chunk([7, 3], [0, 2, 3]));
  assertEquals(first.effects.restore, null);
  server.hear(2, 4, chunk([7, 3], [0, 2, 3]));
  const { effects } = server.hear(2, 4, chunk([7, 3], [2, 1, 3]));
  assertEquals(effects.restore?.data, Uint8Array.of(1, 1, 3));
});

Deno.test("Figure 13: a snapshot of an earlier term is refused", () => {
  const server = new BareServer({ term: 6 });
  const { effects } = server.hear(2, 4, chunk([7, 3], [0, 2, 2]));
  assertEquals([effects.restore, effects.send[0]?.term], [null, 6]);
});

Deno.test("§8 a leader opens its term with a no-op", () => {
  const server = new BareServer({ profile: "production", log: [1] });
  const { messages } = server.lead();
  assertEquals(server.terms, [1, 2]);
  const opening = messages.flatMap((message) =>
    message.type === "appendEntries" ? message.entries : []
  );
  assertEquals(opening.map(({ kind }) => kind), ["noop", "noop"]);
});

Deno.test("§8 a read waits for a round of heartbeats to a majority", () => {
  const server = new BareServer({ profile: "production" });
  server.lead();
  server.hear(2, 1, accepted(1));
  assert(server.raft.read(5));
  const [sent] = server.turn().messages;
  assert(sent?.type === "appendEntries");
  assertEquals(server.hear(2, 1, accepted(1)).effects.reads, []);
  const answer = { ...accepted(1), round: sent.round };
  assertEquals(server.hear(3, 1, answer).effects.reads, [{ context: 5, confirmed: true }]);
});

Deno.test("§8 a read waits until the leader has committed an entry of its term", () => {
  const server = new BareServer({ profile: "production", log: [1] });
  server.lead();
  assert(server.raft.read(5));
  const [beat] = server.tick(10).messages;
  assert(beat?.type === "appendEntries");
  const { round } = beat;
  assertEquals(server.hear(2, 2, { ...accepted(1), round }).effects.reads, []);
  // The commit comes first, then the round: confirmations before the commit do not count.
  assertEquals(server.hear(2, 2, { ...accepted(2), round }).effects.reads, []);
  const { reads } = server.hear(3, 2, { ...accepted(1), round: round + 1 }).effects;
  assertEquals(reads, [{ context: 5, confirmed: true }]);
});

Deno.test("thesis §9.6 a pre-vote changes neither term nor vote, on either side", () => {
  const server = new BareServer({ profile: "production" });
  const { messages, save } = server.tick(ELECTION_TICKS);
  assertEquals([server.status.role, server.status.term, save], ["pre-vote", 0, null]);
  const other = new BareServer({ profile: "production", id: 2 });
  const reply = other.hear(1, 0, messages[0]!);
  assertEquals([reply.save, reply.messages], [null, [{ ...VOTE, preVote: true }]]);
});

Deno.test("thesis §4.2.3 a server that hears a leader does not answer candidates, whatever their term", () => {
  const server = new BareServer({ profile: "production" });
  server.hear(2, 1, append([0, 0]));
  const { messages } = server.hear(3, 9, { ...REQUEST, last: { index: 9, term: 9 } });
  assertEquals([messages, server.status.term], [[], 1]);
});

Deno.test("thesis §6.2 a leader that hears no majority for an election timeout steps down", () => {
  const server = new BareServer({ profile: "production" });
  server.lead();
  server.tick(2 * ELECTION_TICKS);
  assert(server.status.role !== "leader");
  const lab = new BareServer();
  lab.lead();
  lab.tick(2 * ELECTION_TICKS);
  assertEquals(lab.status.role, "leader");
});
