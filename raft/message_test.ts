/**
 * Tests of the encoding of messages: round trips and refusals.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeEnvelope, encodeEnvelope } from "./message.ts";
import { encodeMembers } from "./core/mod.ts";
import type { Envelope, Message } from "./core/model/types.ts";
import { entryOf, MEMBERS } from "../tests/helpers/log_entries.ts";

const command = new Uint8Array([1, 2, 3]);
const last = { index: 7, term: 2 };
const times = { steady: 5, wall: 2 ** 41 };

const messages: readonly Message[] = [
  { type: "requestVote", preVote: true, transfer: false, last },
  { type: "requestVote", preVote: false, transfer: false, last: { index: 0, term: 0 } },
  { type: "requestVoteReply", preVote: false, granted: true },
  { type: "appendEntries", answer: null, previous: last, entries: [], commit: 5, round: 9 },
  {
    type: "appendEntries",
    answer: null,
    previous: last,
    entries: [
      entryOf(8, 2, command),
      { ...entryOf(9, 3), times },
      { ...entryOf(10, 3, command), times },
      { ...entryOf(11, 3, encodeMembers(MEMBERS)), times, kind: "members" },
    ],
    commit: 5,
    round: 2 ** 40,
  },
  { type: "appendEntriesReply", accepted: true, question: null, round: 9, match: 7 },
  {
    type: "appendEntriesReply",
    accepted: false,
    round: 9,
    previous: 7,
    conflict: { term: null, index: 4 },
  },
  {
    type: "appendEntriesReply",
    accepted: false,
    round: 9,
    previous: 7,
    conflict: { term: 1, index: 4 },
  },
  {
    type: "installSnapshot",
    last: { ...last, times },
    members: MEMBERS,
    offset: 10,
    data: command,
    total: 13,
    round: 4,
  },
  { type: "installSnapshotReply", last, received: 13, cursor: command, round: 4 },
  { type: "timeoutNow" },
  { type: "readQuestion", question: 8 },
  { type: "appendEntriesReply", accepted: true, round: 4, match: 7, question: 8 },
  {
    ...{
      type: "appendEntries",
      answer: null,
      previous: last,
      entries: [],
      commit: 7,
      round: 4,
    } as const,
    answer: { question: 8, index: 6 },
  },
  { type: "removed", commit: 7 },
];

function envelope(message: Message): Envelope {
  return { from: 1, to: 2, term: 3, message };
}

Deno.test("decodeEnvelope reverses encodeEnvelope for every message", () => {
  for (const message of messages) {
    assertEquals(decodeEnvelope(encodeEnvelope(envelope(message))), envelope(message));
  }
});

Deno.test("decodeEnvelope does not copy commands", () => {
  const frame = new Uint8Array([9, 9, 1, 2, 3, 9]);
  const command = frame.subarray(2, 5);
  const entries = [entryOf(8, 3, command)];
  const sent = envelope({
    type: "appendEntries",
    answer: null,
    previous: last,
    entries,
    commit: 0,
    round: 1,
  });
  const { message } = decodeEnvelope(encodeEnvelope(sent));
  assert(message.type === "appendEntries" && message.entries[0]?.data === command);
});

Deno.test("decodeEnvelope refuses a value that is not a message", () => {
  const strangers = [null, 7, "x", {}, [], [0, 1, 2, 3], ["1", 1, 2, 3], [1.5], [-1], [NaN]];
  for (const value of strangers) {
    const kind = Array.isArray(value) ? RangeError : value === 7 ? RangeError : TypeError;
    assertThrows(() => decodeEnvelope(value), kind);
  }
});

Deno.test("decodeEnvelope names an unknown type by its number", () => {
  assertThrows(() => decodeEnvelope([11, 1, 2, 3]), RangeError, "known type, got 11");
});

/** How many fields earlier releases do not write. */
function laterFields(message: Message): number {
  if (message.type === "appendEntries") return 2;
  return message.type === "appendEntriesReply" && message.accepted ? 1 : 0;
}

Deno.test("decodeEnvelope refuses any missing field or field of another type", () => {
  const wrong = [undefined, "1", -1, 1.5, 2 ** 53, NaN, {}, [[]]];
  for (const message of messages) {
    const good = encodeEnvelope(envelope(message));
    assertThrows(() => decodeEnvelope(good.slice(0, -1 - laterFields(message))));
    // A later version may say more.
    assertEquals(decodeEnvelope([...good, "more", null]), envelope(message));
    for (let at = 0; at < good.length; at++) {
      for (const value of wrong) {
        assertThrows(() =>
          decodeEnvelope(good.map((field, index) => index === at ? value : field))
        );
      }
    }
  }
});

/** One entry, as its run on the wire. */
function run(term: number, { kind = 1, steady = 0, wall = 0 } = {}): readonly unknown[] {
  return [term, kind, steady, wall, [command]];
}

Deno.test("decodeEnvelope refuses inconsistent numbers", () => {
  const members = encodeMembers(MEMBERS);
  const refused: readonly [string, readonly unknown[]][] = [
    ["term beyond the sender's", [3, 1, 2, 3, 7, 2, 0, 1, [run(4)]]],
    ["terms that go down", [3, 1, 2, 3, 7, 2, 0, 1, [run(3), run(2)]]],
    ["term below the previous", [3, 1, 2, 3, 7, 2, 0, 1, [run(1)]]],
    ["entry of term 0", [3, 1, 2, 3, 0, 0, 0, 1, [run(0)]]],
    ["run without data", [3, 1, 2, 3, 7, 2, 0, 1, [[2, 1, 0, 0]]]],
    ["unknown kind", [3, 1, 2, 3, 7, 2, 0, 1, [run(2, { kind: 3 })]]],
    ["steady time goes back", [3, 1, 2, 3, 7, 2, 0, 1, [run(2, { steady: 1 }), run(2)]]],
    ["wall time goes back", [3, 1, 2, 3, 7, 2, 0, 1, [run(2, { wall: 1 }), run(2)]]],
    ["index beyond what is exact", [3, 1, 2, 3, 2 ** 53 - 1, 2, 0, 1, [run(2)]]],
    ["position without term", [1, 1, 2, 3, false, 7, 0, false]],
    ["term without position", [1, 1, 2, 3, false, 0, 1, false]],
    ["position beyond the term", [1, 1, 2, 3, false, 7, 4, false]],
    ["chunk beyond the end", [6, 1, 2, 3, 7, 2, 10, command, 12, 1, 0, 0, members]],
    ["members that are none", [6, 1, 2, 3, 7, 2, 10, command, 13, 1, 0, 0, command]],
    ["entry of members that are none", [3, 1, 2, 3, 7, 2, 0, 1, [run(2, { kind: 2 })]]],
    ["node 0", [2, 0, 2, 3, false, true]],
    ["node beyond 32 bits", [2, 1, 2 ** 32, 3, false, true]],
  ];
  for (const [name, value] of refused) assertThrows(() => decodeEnvelope(value), Error, "", name);
});

Deno.test("decodeEnvelope says in a few words what it got instead of a number", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [null, "got null"],
    [-1, "got -1"],
    [false, "got false"],
    [new Uint8Array(3), "got 3 bytes"],
    [[1, 2], "got an array of 2"],
    ["x", "got a value of type string"],
  ];
  for (const [field, text] of cases) {
    assertThrows(() => decodeEnvelope([1, 1, 2, field, false, 7, 2, false]), Error, text);
  }
});

Deno.test("decodeEnvelope keeps its error short when a field is huge", () => {
  const field = new Uint8Array(1_000_000);
  const error = assertThrows(() => decodeEnvelope([1, field, 2, 3, false, 7, 2, false]), TypeError);
  assert(error.message.length < 200);
});
