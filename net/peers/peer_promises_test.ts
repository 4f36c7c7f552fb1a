/**
 * Tests of what a folder must hold when its node returns.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Heard, type Message, NO_STARTS, type Starts } from "../../raft/mod.ts";
import { PEER_VERSIONS, type PeerHello } from "./peer_hello.ts";
import { note, PeerPromises } from "./peer_promises.ts";

const none = { index: 0, term: 0 };
const hello = (
  run: number,
  held: PeerHello["held"],
  { incarnation = "a2", starts = NO_STARTS }: { incarnation?: string; starts?: Starts } = {},
): PeerHello => ({
  ...{ versions: PEER_VERSIONS, cluster: "test", clusterId: "c", from: 2, incarnation },
  ...{ wanted: "a1", to: 1, run, dial: 1, line: "small", members: "", address: "" },
  ...{ certificate: null, asOf: none, client: "", held, starts },
});
const accepted = (match: number): Message => ({
  ...{ type: "appendEntriesReply", accepted: true, question: null, match, round: 1 } as const,
});
const vote = (preVote: boolean): Message => ({
  ...{ type: "requestVoteReply", preVote, granted: true } as const,
});

/** What is said of a later run that holds this, after messages of an earlier run. */
function verdict(
  messages: readonly (readonly [term: number, message: Message])[],
  held: PeerHello["held"],
  { run = 2, incarnation = "a2" }: { readonly run?: number; readonly incarnation?: string } = {},
): string | undefined {
  const promises = new PeerPromises();
  const promised = promises.of(hello(1, none));
  for (const [term, message] of messages) note(promised, { from: 2, to: 1, term, message });
  return promises.judge(hello(run, held, { incarnation }))?.refusal;
}

Deno.test("a folder that holds less than its node acknowledged is an older copy (D8)", () => {
  const said = [[4, accepted(7)], [4, accepted(9)], [4, accepted(8)]] as const;
  assertEquals(verdict(said, { term: 4, index: 8 }), "olderCopy");
  assertEquals(verdict(said, { term: 3, index: 99 }), "olderCopy");
  assertEquals(verdict(said, { term: 4, index: 9 }), undefined);
  // A later leader may have cut the log.
  assertEquals(verdict(said, { term: 5, index: 1 }), undefined);
});

Deno.test("a folder that forgot a term in which its node voted is an older copy, pre-votes apart (D8)", () => {
  assertEquals(verdict([[6, vote(false)]], { term: 5, index: 3 }), "olderCopy");
  assertEquals(verdict([[6, vote(true)]], { term: 5, index: 3 }), undefined);
  assertEquals(verdict([[4, accepted(9)], [6, vote(false)]], { term: 6, index: 0 }), undefined);
});

Deno.test("a peer in the same run, with another folder or of an older release is not judged", () => {
  const said = [[4, accepted(9)]] as const;
  assertEquals(verdict(said, none, { run: 1 }), undefined);
  assertEquals(verdict(said, none, { incarnation: "b2" }), undefined);
  assertEquals(verdict(said, null), undefined);
});

Deno.test("PeerPromises remembers a bounded number of peers", () => {
  const promises = new PeerPromises();
  promises.of(hello(1, none)).term = 9;
  for (let from = 3; from < 1_100; from++) promises.of({ ...hello(1, none), from });
  assertEquals(promises.judge(hello(2, none)), null);
});

Deno.test("a copy from before the latest start of a folder is an older copy, whatever it holds (D8)", () => {
  const promises = new PeerPromises();
  promises.of(hello(1, none, { starts: { latest: 7, drawn: [60, 70] } }));
  const judge = (latest: number, ...drawn: readonly number[]) =>
    promises.judge(hello(2, none, { starts: { latest, drawn } }))?.refusal;
  assertEquals([judge(5, 60), judge(6, 60)], ["olderCopy", "olderCopy"]);
  assertEquals(judge(7, 60, 71), "olderCopy", "a start of a copy");
  assertEquals(judge(9, 71, 81, 91), "olderCopy", "further starts of a copy");
  assertEquals(judge(9, 70, 80, 90), undefined, "further starts of the folder");
  assertEquals(judge(9, 80, 90), undefined, "the folder remembers no more");
  assertEquals(judge(0), undefined, "a node of an earlier release");
  promises.of(hello(2, none, { starts: { latest: 8, drawn: [70, 80] } }));
  promises.of(hello(3, none));
  assertEquals(judge(8, 70, 81), "olderCopy");
});

Deno.test("PeerPromises knows after a restart what was kept of it (D8)", () => {
  const kept: (readonly Heard[])[] = [];
  const keep = (heard: readonly Heard[]) => void kept.push(heard);
  const before = new PeerPromises([], keep);
  before.keep();
  const starts = { latest: 7, drawn: [70] };
  note(before.of(hello(1, none, { starts })), {
    ...{ from: 2, to: 1, term: 4, message: accepted(9) },
  });
  before.keep();
  before.keep();
  const heard = { id: 2, incarnation: "a2", start: 7, drawn: 70, run: 1, term: 4, match: 9 };
  assertEquals(kept, [[heard]], "only what has changed");
  const after = new PeerPromises(kept[0], keep);
  after.keep();
  assertEquals(kept.length, 1);
  const judge = (index: number, ...drawn: readonly number[]) => {
    const starts = { latest: 8, drawn };
    return after.judge(hello(2, { term: 4, index }, { starts }))?.refusal;
  };
  assertEquals([judge(8, 70, 80), judge(9, 70, 80)], ["olderCopy", undefined]);
  assertEquals(judge(9, 71, 80), "olderCopy");
});
