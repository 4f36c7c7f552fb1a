/**
 * Tests of what a folder must hold when its node returns.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Message } from "../../raft/mod.ts";
import { PEER_VERSIONS, type PeerHello } from "./peer_hello.ts";
import { note, PeerPromises } from "./peer_promises.ts";

const none = { index: 0, term: 0 };
const hello = (run: number, held: PeerHello["held"], incarnation = "a2"): PeerHello => ({
  ...{ versions: PEER_VERSIONS, cluster: "test", clusterId: "c", from: 2, incarnation },
  ...{ wanted: "a1", to: 1, run, dial: 1, line: "small", members: "", address: "" },
  ...{ certificate: null, asOf: none, client: "", held },
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
  return promises.judge(hello(run, held, incarnation))?.refusal;
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
