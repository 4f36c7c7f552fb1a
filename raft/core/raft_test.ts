/**
 * Tests of what the production profile adds to the paper's Figure 2. The rules of the paper are
 * tested sentence by sentence in `tests/scripts/paper_test.ts`, and as golden scripts in
 * `tests/scripts/`.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { append, REQUEST } from "../../tests/helpers/bare_server.ts";
import { EMPTY } from "./model/save.ts";
import { Raft } from "./raft.ts";
import type { RaftOptions } from "./model/options.ts";
import type {
  AppendAccepted,
  Effects,
  Envelope,
  Message,
  NodeId,
  Persistent,
  Save,
  Term,
} from "./model/types.ts";
import { entryOf, MEMBERS, momentOf, STILL_CLOCKS } from "../../tests/helpers/log_entries.ts";

const TIMEOUT = 10;
const BASE = { id: 1, peers: [1, 2, 3], electionTicks: TIMEOUT, heartbeatTicks: 2 };

function server(options: Partial<RaftOptions> = {}, persistent: Persistent = EMPTY): Raft {
  return new Raft({ ...BASE, ...options }, persistent, { random: () => 0, clock: STILL_CLOCKS });
}

function tick(raft: Raft, ticks: number): void {
  for (let i = 0; i < ticks; i++) raft.tick();
}

function from(id: NodeId, term: Term, message: Message): Envelope {
  return { from: id, to: 1, term, message };
}

function types({ send }: Effects): string[] {
  return send.map(({ to, term, message }) => `${message.type} to n${to} in ${term}`);
}

/** Ends the save that is under way or is wanted, and gives it back. */
function save(raft: Raft): Save | null {
  const change = raft.takeSave();
  if (change !== null) raft.saved();
  return change;
}

/** Server 1 wins the election of term 1 with the vote of server 2. */
function elect(raft: Raft): void {
  tick(raft, TIMEOUT);
  raft.step(from(2, 0, { type: "requestVoteReply", preVote: true, granted: true }));
  save(raft);
  raft.takeEffects();
  raft.step(from(2, 1, { type: "requestVoteReply", preVote: false, granted: true }));
  assertEquals(raft.standing, { term: 1, role: "leader", leader: 1 });
}

/** The only server of its cluster wins its election. */
function electAlone(raft: Raft): void {
  tick(raft, TIMEOUT);
  save(raft);
  assertEquals(raft.standing, { term: 1, role: "leader", leader: 1 });
}

function accept(raft: Raft, id: NodeId, match: number, round = 0): void {
  const accepted = {
    type: "appendEntriesReply",
    accepted: true,
    question: null,
    round,
    match,
  } as const;
  raft.step(from(id, raft.standing.term, accepted));
}

Deno.test("Raft holds a pre-vote before it raises its term", () => {
  const raft = server();
  tick(raft, TIMEOUT);
  assertEquals(raft.standing, { term: 0, role: "pre-vote", leader: null });
  const effects = raft.takeEffects();
  assertEquals(raft.takeSave(), null);
  assertEquals(types(effects), ["requestVote to n2 in 0", "requestVote to n3 in 0"]);
  tick(raft, 5 * TIMEOUT);
  assertEquals(raft.standing.term, 0); // it stays in its term while it gets no answer
});

Deno.test("Raft starts an election without pre-vote in the lab profile", () => {
  const raft = server({ profile: "lab" });
  tick(raft, TIMEOUT);
  assertEquals([raft.standing.role, raft.standing.term], ["candidate", 1]);
  assertEquals(raft.takeSave()?.vote, { term: 1, votedFor: 1 });
});

Deno.test("Raft ignores candidates while its leader is alive (E9)", () => {
  const raft = server();
  const heartbeat = { previous: { index: 0, term: 0 }, entries: [], commit: 0, round: 0 };
  raft.step(from(2, 3, { type: "appendEntries", answer: null, ...heartbeat }));
  raft.takeEffects();
  const request = { ...REQUEST, last: { index: 9, term: 9 } };
  raft.step(from(3, 9, request));
  save(raft);
  assertEquals(types(raft.takeEffects()), ["appendEntriesReply to n2 in 3"]);
  tick(raft, TIMEOUT - 1);
  raft.step(from(3, 9, request));
  assertEquals(raft.standing.term, 3);
});

Deno.test("Raft votes again before its own timeout when its leader has been silent (E9)", () => {
  const raft = new Raft(BASE, EMPTY, { random: () => 0.5, clock: STILL_CLOCKS });
  const heartbeat = { previous: { index: 0, term: 0 }, entries: [], commit: 0, round: 0 };
  raft.step(from(2, 3, { type: "appendEntries", answer: null, ...heartbeat }));
  tick(raft, TIMEOUT);
  assertEquals(raft.standing, { term: 3, role: "follower", leader: 2 });
  raft.step(
    from(3, 3, { ...REQUEST, preVote: true }),
  );
  save(raft);
  const message = { type: "requestVoteReply", preVote: true, granted: true } as const;
  assertEquals(raft.takeEffects().send.at(-1)?.message, message);
});

Deno.test("Raft ignores candidates while it leads and a majority answers (E9)", () => {
  const raft = server();
  elect(raft);
  raft.takeEffects();
  const request = { ...REQUEST, last: { index: 9, term: 9 } };
  raft.step(from(3, 9, request));
  raft.step(from(3, 9, { ...request, preVote: true }));
  assertEquals([raft.standing.role, raft.standing.term, types(raft.takeEffects())], [
    "leader",
    1,
    [],
  ]);
});

Deno.test("Raft starts its term with a no-op that commits earlier entries (§8)", () => {
  const raft = server({}, {
    ...EMPTY,
    entries: [entryOf(1, 0, new Uint8Array())],
  });
  elect(raft);
  assertEquals(save(raft)?.tail?.entries.at(-1), entryOf(2, 1));
  accept(raft, 2, 2);
  assertEquals(raft.takeEffects().apply.map(({ index }) => index), [1, 2]);
});

Deno.test("Raft steps down without changing term or vote when no majority answers", () => {
  const raft = server();
  elect(raft);
  tick(raft, TIMEOUT - 1);
  accept(raft, 3, 0, 1);
  tick(raft, TIMEOUT - 1);
  accept(raft, 3, 0, 1); // it comes twice, and shows nothing new (E11)
  assertEquals(raft.standing.role, "leader");
  tick(raft, 1);
  assertEquals(raft.standing, { term: 1, role: "follower", leader: null });
  assertEquals(raft.status().votedFor, 1);
});

Deno.test("Raft keeps leading without answers in the lab profile", () => {
  const raft = server({ profile: "lab" });
  tick(raft, TIMEOUT);
  save(raft);
  raft.step(from(2, 1, { type: "requestVoteReply", preVote: false, granted: true }));
  tick(raft, 10 * TIMEOUT);
  assertEquals(raft.standing.role, "leader");
});

Deno.test("Raft answers a read only after a commit in its term, a round, and the apply (R1)", () => {
  const raft = server();
  elect(raft);
  assert(raft.read(7));
  save(raft);
  raft.takeEffects();
  accept(raft, 2, 0, 0); // accepts, but no entry of this term is committed
  assertEquals(raft.takeEffects().reads, []);
  accept(raft, 2, 1, 0); // commits the no-op; the round of the read starts now
  const round = raft.takeEffects();
  assertEquals(round.reads, []);
  assertEquals(round.send.map(({ message }) => "round" in message && message.round), [1, 1]);
  accept(raft, 3, 0, 0); // an answer to an earlier round proves nothing (R2)
  assertEquals(raft.takeEffects().reads, []);
  accept(raft, 3, 0, 1);
  assertEquals(raft.takeEffects().reads, [{ context: 7, confirmed: true }]);
});

Deno.test("Raft refuses all pending reads when it loses leadership", () => {
  const raft = server();
  elect(raft);
  const contexts = Array.from({ length: 300_000 }, (_, context) => context);
  for (const context of contexts) raft.read(context);
  raft.step(from(2, 5, { type: "requestVoteReply", preVote: false, granted: false }));
  const { reads } = raft.takeEffects();
  assertEquals(reads.length, contexts.length);
  assert(reads.every(({ context, confirmed }, at) => context === at && !confirmed));
  assertEquals(raft.read(8), false);
});

Deno.test("Raft commits alone, but only what is durable (L6)", () => {
  const raft = server({ peers: [1] });
  electAlone(raft);
  raft.propose(new Uint8Array([1]));
  assertEquals([raft.takeEffects().apply.length, save(raft)?.tail?.entries.length], [0, 2]);
  assertEquals(raft.takeEffects().apply.map(({ index }) => index), [1, 2]);
});

Deno.test("Raft applies commands in batches up to the limit", () => {
  const raft = server({ peers: [1], applyEntriesMax: 2 });
  electAlone(raft);
  for (let i = 0; i < 4; i++) raft.propose(new Uint8Array([i]));
  save(raft);
  const batches = [1, 2, 3].map(() => raft.takeEffects().apply.length);
  assertEquals([batches, raft.hasMore], [[2, 2, 1], false]);
});

Deno.test("Raft applies few large commands at a time, but always one (X8)", () => {
  const raft = server({ peers: [1], applyBytesMax: 250 });
  electAlone(raft);
  for (const bytes of [100, 100, 1000, 10]) raft.propose(new Uint8Array(bytes));
  save(raft);
  const batches = [1, 2, 3, 4].map(() => raft.takeEffects().apply.map(({ data }) => data.length));
  assertEquals([batches, raft.hasMore], [[[0, 100], [100], [1000], [10]], false]);
});

Deno.test("Raft ignores messages from itself and for others", () => {
  const raft = server();
  raft.step({ from: 1, to: 1, term: 5, message: REQUEST });
  raft.step({ from: 2, to: 3, term: 5, message: REQUEST });
  assertEquals([raft.standing.term, types(raft.takeEffects())], [0, []]);
});

Deno.test("Raft votes for a server that its configuration does not have, and follows it (M8)", () => {
  const raft = server();
  raft.step({ from: 9, to: 1, term: 5, message: REQUEST });
  save(raft);
  assertEquals(raft.takeEffects().send.map(({ to }) => to), [9]);
  assertEquals(raft.status().votedFor, 9);
});

Deno.test("Raft restarts a transfer when the leader sends another snapshot (S6)", () => {
  const raft = server();
  const chunk = (index: number, offset: number) => {
    const place = { last: momentOf(index, 1), members: MEMBERS, offset, total: 2, round: 0 };
    raft.step(from(2, 1, { type: "installSnapshot", ...place, data: new Uint8Array([index]) }));
  };
  chunk(5, 0);
  chunk(9, 0);
  assertEquals(raft.takeEffects().restore, null);
  chunk(9, 1);
  const { restore } = raft.takeEffects();
  assertEquals([restore?.last.index, restore?.data], [9, new Uint8Array([9, 9])]);
});

Deno.test("Raft does not continue a snapshot transfer with chunks of another leader (S6)", () => {
  const raft = server();
  // Two servers may draw different bytes of the same state.
  const chunk = (id: NodeId, offset: number) => {
    const place = { last: momentOf(5, 1), members: MEMBERS, offset, total: 2, round: 0 };
    raft.step(from(id, id, { type: "installSnapshot", ...place, data: new Uint8Array([id]) }));
  };
  chunk(2, 0);
  chunk(3, 1);
  assertEquals(raft.takeEffects().restore, null);
  chunk(3, 0);
  chunk(3, 1);
  assertEquals(raft.takeEffects().restore?.data, new Uint8Array([3, 3]));
});

Deno.test("Raft keeps its snapshot when the application's image is older (S2)", () => {
  const raft = server({ peers: [1] });
  electAlone(raft);
  for (let i = 0; i < 3; i++) raft.propose(new Uint8Array([i]));
  save(raft);
  raft.takeEffects();
  raft.compact(3, new Uint8Array([3]));
  assertEquals(save(raft)?.snapshot?.last.index, 3);
  raft.compact(2, new Uint8Array([2]));
  assertEquals(save(raft), null);
  assertEquals(raft.status().base.index, 3);
});

Deno.test("Raft keeps its log when it contains the last entry of a received snapshot (§7, S1)", () => {
  const entries = [1, 2, 3].map((index) => entryOf(index, 1, new Uint8Array([index])));
  const raft = server({}, { ...EMPTY, term: 1, entries });
  const chunk = { offset: 0, data: new Uint8Array(4), total: 4, round: 7 };
  raft.step(
    from(2, 1, { type: "installSnapshot", last: momentOf(2, 1), members: MEMBERS, ...chunk }),
  );
  const { restore, apply, send } = raft.takeEffects();
  assertEquals([restore, raft.takeSave(), apply.map(({ index }) => index)], [null, null, [1, 2]]);
  assertEquals(raft.status().last, { index: 3, term: 1 });
  const accepted = {
    type: "appendEntriesReply",
    accepted: true,
    question: null,
    round: 7,
    match: 2,
  } as const;
  const message = { ...send[0]!.message as AppendAccepted, question: null };
  assertEquals([send.length, message], [1, accepted]);
});

Deno.test("Raft does not keep probing a server that lost acknowledged entries (D8)", () => {
  const raft = server();
  elect(raft);
  save(raft);
  accept(raft, 3, 1);
  raft.propose(new Uint8Array(1));
  raft.takeEffects();
  // Server 3 has restarted with an empty disk and refuses all appends.
  let probes = 0;
  for (let round = 0; round < 20; round++) {
    tick(raft, round % 2);
    for (const { to, message } of raft.takeEffects().send) {
      if (to !== 3 || message.type !== "appendEntries") continue;
      probes++;
      const conflict = { term: null, index: 1 };
      const previous = message.previous.index;
      const reply = { type: "appendEntriesReply", accepted: false, round: 0 } as const;
      raft.step(from(3, 1, { ...reply, previous, conflict }));
    }
  }
  assert(probes <= 8, `${probes} probes in 10 ticks`);
});

Deno.test("Raft answers a message of an earlier term with round zero (L9, R2)", () => {
  const raft = server({}, { ...EMPTY, term: 5 });
  const place = { previous: { index: 0, term: 0 }, entries: [], commit: 0, round: 77 };
  raft.step(from(2, 3, { type: "appendEntries", answer: null, ...place }));
  const chunk = { last: momentOf(9, 3), members: MEMBERS, offset: 0, total: 1, round: 78 };
  raft.step(from(2, 3, { type: "installSnapshot", ...chunk, data: new Uint8Array(1) }));
  save(raft);
  // Server 2 may lead term 5 by now; its rounds of term 3 must not count in it.
  const rounds = raft.takeEffects().send.map(({ term, message }) =>
    message.type === "appendEntriesReply" && [term, message.round]
  );
  assertEquals(rounds, [[5, 0], [5, 0]]);
});

Deno.test("Raft has work due at the next tick while it has a commit to announce", () => {
  const raft = server({ heartbeatTicks: 5 });
  elect(raft);
  save(raft);
  raft.takeEffects();
  assertEquals(raft.ticksUntilDue, 5);
  accept(raft, 2, 1);
  raft.takeEffects();
  assertEquals(raft.ticksUntilDue, 1);
  raft.tick();
  assertEquals(raft.takeEffects().send.length, 2);
  assertEquals(raft.ticksUntilDue, 4);
});

Deno.test("Raft sends heartbeats less often while all peers answer, and soon again when one does not (E12)", () => {
  const raft = server({ electionTicks: 2 * TIMEOUT, heartbeatTicks: 1 });
  tick(raft, TIMEOUT);
  elect(raft);
  save(raft);
  raft.takeEffects();
  const beats: number[] = [];
  for (let ticks = 1; ticks <= 11; ticks++) {
    const before = raft.horizon.round;
    raft.tick();
    raft.takeEffects();
    const { round } = raft.horizon;
    if (round === before) continue;
    beats.push(ticks);
    // One answer to the third heartbeat is lost.
    for (const peer of beats.length === 3 ? [2] : [2, 3]) accept(raft, peer, 1, round);
  }
  assertEquals(beats, [3, 6, 9, 10]);
});

Deno.test("Raft hears its leader while a long message of it arrives, not one of another peer (§5.2)", () => {
  const raft = server();
  raft.step(from(2, 1, append([0, 0])));
  for (const heard of [2, 3]) {
    tick(raft, TIMEOUT - 1);
    raft.heard(heard);
  }
  assertEquals(raft.standing.role, "follower");
  tick(raft, 1);
  assertEquals(raft.standing.role, "pre-vote");
});

Deno.test("Raft stands for election when only bytes of its leader arrive for too long (E11)", () => {
  const raft = server();
  raft.step(from(2, 1, append([0, 0])));
  for (let ticks = 0; ticks < 4 * TIMEOUT; ticks++) {
    tick(raft, 1);
    raft.heard(2);
  }
  tick(raft, TIMEOUT - 1);
  assertEquals(raft.standing.role, "follower");
  raft.heard(2);
  tick(raft, 1);
  assertEquals(raft.standing.role, "pre-vote");
});

Deno.test("Raft counts only a new round of its leader as a sign of life (E11)", () => {
  const raft = server();
  const round = (number: number) => raft.step(from(2, 1, append([0, 0], { round: number })));
  round(5);
  tick(raft, TIMEOUT - 1);
  round(6);
  tick(raft, TIMEOUT - 1);
  for (const late of [6, 5, 0]) round(late);
  assertEquals(raft.standing.role, "follower");
  tick(raft, 1);
  assertEquals(raft.standing.role, "pre-vote");
  round(6);
  assertEquals(raft.standing.role, "pre-vote");
  round(7);
  assertEquals(raft.standing, { term: 1, role: "follower", leader: 2 });
  tick(raft, TIMEOUT - 1);
  raft.step(from(3, 2, append([0, 0]))); // the first round of another leader
  tick(raft, TIMEOUT - 1);
  assertEquals(raft.standing, { term: 2, role: "follower", leader: 3 });
});

Deno.test("Raft follows its leader again after a pre-vote that failed, whatever round it heard (E11)", () => {
  const raft = server();
  raft.step(from(2, 1, append([0, 0], { round: Number.MAX_SAFE_INTEGER })));
  tick(raft, 2 * TIMEOUT);
  raft.step(from(2, 1, append([0, 0], { round: 7 })));
  assertEquals(raft.standing, { term: 1, role: "follower", leader: 2 });
});

Deno.test("Raft does not refuse what comes behind entries that are just arriving (L9)", () => {
  const raft = server();
  raft.step(from(2, 1, append([0, 0])));
  save(raft);
  raft.takeEffects();
  const behind = append([9, 1]);
  const answers = () =>
    raft.takeEffects().send.map(({ message }) => "accepted" in message && message.accepted);
  raft.step(from(2, 1, behind));
  assertEquals(answers(), [false]);
  raft.heard(2);
  raft.step(from(2, 1, behind));
  assertEquals(answers(), [true]);
  tick(raft, 2); // nothing more has arrived for a heartbeat
  raft.step(from(2, 1, behind));
  assertEquals(answers(), [false]);
});
