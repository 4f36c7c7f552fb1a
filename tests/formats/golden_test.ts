/**
 * Golden bytes: every message, every hello and every file head as the release that made the promise of
 * docs/protocol.md wrote them. They are never changed: this program has to read them as long as it
 * speaks that version. Bytes that it writes today are new lines beside them.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { encodeMembers } from "../../raft/core/members/members_codec.ts";
import { decodeEnvelope, encodeEnvelope } from "../../raft/message.ts";
import type { Entry, Envelope, Message } from "../../raft/core/model/types.ts";
import { NO_STARTS } from "../../raft/storage/members_file.ts";
import { decodeFileHeader, encodeFileHeader } from "../../raft/storage/format/file_head.ts";
import {
  decodeRecordBody,
  decodeRecordHeader,
  encodeRecord,
  RECORD_HEADER_BYTES,
} from "../../raft/storage/format/record.ts";
import { decode } from "../../net/wire/codec.ts";
import { encode } from "../../net/wire/encoder.ts";
import {
  decodePeerAnswer,
  decodePeerHello,
  encodePeerAnswer,
  encodePeerHello,
  PEER_VERSIONS,
  type PeerHello,
} from "../../net/peers/peer_hello.ts";
import {
  CLIENT_VERSIONS,
  decodeClientHello,
  decodeReplyFrame,
  decodeRequestFrame,
  decodeServerHello,
  decodeStreamFrame,
  encodeClientHello,
  encodeOpenFrame,
  encodeRequestFrame,
  encodeServerHello,
} from "../../net/rpc/rpc_frames.ts";
import golden from "./golden.json" with { type: "json" };

const times = { steady: 7000, wall: 1_767_225_600_123 };
const last = { index: 300, term: 4, times };
const position = { index: 300, term: 4 };
const data = new TextEncoder().encode("data");
const member = { id: 1, incarnation: "0f".repeat(16), peer: "10.0.0.1:7400", client: "" };
const MEMBERS = { voters: [member], outgoing: [], learners: [{ ...member, id: 2 }] };
const entry = (index: number, kind: Entry["kind"]): Entry => ({
  ...{ index, term: 5, times, kind },
  data: kind === "noop" ? new Uint8Array() : kind === "members" ? encodeMembers(MEMBERS) : data,
});
const IDS = { clusterId: "0123456789abcdef".repeat(2), incarnation: "fedcba9876543210".repeat(2) };

const MESSAGES: Readonly<Record<string, Message>> = {
  requestVote: { type: "requestVote", preVote: true, transfer: false, last: position },
  requestVoteReply: { type: "requestVoteReply", preVote: false, granted: true },
  heartbeat: {
    type: "appendEntries",
    answer: null,
    previous: position,
    entries: [],
    commit: 299,
    round: 2 ** 33,
  },
  appendEntries: {
    ...{ type: "appendEntries", answer: null, previous: position, commit: 299, round: 12 } as const,
    entries: [
      entry(301, "noop"),
      entry(302, "command"),
      entry(303, "command"),
      entry(304, "members"),
    ],
  },
  answer: {
    ...{
      type: "appendEntries",
      answer: null,
      previous: position,
      entries: [],
      commit: 299,
      round: 12,
    } as const,
    answer: { question: 2 ** 40, index: 298 },
  },
  appendAccepted: {
    type: "appendEntriesReply",
    accepted: true,
    question: null,
    round: 12,
    match: 304,
  },
  acceptedWithQuestion: {
    ...{
      type: "appendEntriesReply",
      accepted: true,
      question: null,
      round: 12,
      match: 304,
    } as const,
    question: 2 ** 40,
  },
  readQuestion: { type: "readQuestion", question: 2 ** 40 },
  appendRejected: {
    ...{ type: "appendEntriesReply", accepted: false, round: 12, previous: 300 } as const,
    conflict: { term: 3, index: 200 },
  },
  installSnapshot: {
    ...{ type: "installSnapshot", last, members: MEMBERS } as const,
    ...{ offset: 65536, data, total: 70000, round: 13 },
  },
  timeoutNow: { type: "timeoutNow" },
  removed: { type: "removed", commit: 304 },
  installSnapshotReply: {
    type: "installSnapshotReply",
    last: position,
    received: 65540,
    cursor: data,
    round: 13,
  },
};

const PEER_HELLO: PeerHello = {
  ...{ versions: PEER_VERSIONS, cluster: "kontiki", ...IDS, from: 1, to: 2 },
  ...{ wanted: "00ff".repeat(8), run: 2 ** 50, dial: 3, line: "bulk", members: "1,2,3" },
  address: "10.0.0.1:7400",
  certificate: data,
  ...{ asOf: { index: 304, term: 6 }, client: "10.0.0.1:7401" },
  held: { index: 303, term: 5 },
  starts: { latest: 1_760_000_001, drawn: [7, 2 ** 32 - 1] },
};
const ANSWER = { cluster: "kontiki", ...IDS, from: 2, run: 2 ** 50 + 1, asOf: PEER_HELLO.asOf };
const AGREED = { version: 4, features: 0 };
const SERVER = { cluster: "kontiki", clusterId: IDS.clusterId, id: 3 };
const STREAM = { number: 10, payload: data, credit: 65536 };
const REQUEST = { number: 9, payload: data, withinMs: 1500 };

function envelope(message: Message): Envelope {
  return { from: 1, to: 2, term: 6, message };
}

/** The bytes of today by name. */
function today(): ReadonlyMap<string, Uint8Array> {
  const bytes = new Map<string, Uint8Array>();
  for (const [name, message] of Object.entries(MESSAGES)) {
    bytes.set(`message ${name}`, encode(encodeEnvelope(envelope(message))));
  }
  bytes.set("hello of a peer", encode(encodePeerHello(PEER_HELLO)));
  bytes.set("answer of a peer", encode(encodePeerAnswer(ANSWER, AGREED)));
  const wanted = { cluster: "kontiki", clusterId: IDS.clusterId };
  bytes.set("hello of a client", encode(encodeClientHello(wanted)));
  bytes.set("hello of a server", encode(encodeServerHello(SERVER, { version: 2, features: 0 })));
  bytes.set("request", encode(encodeRequestFrame(REQUEST)));
  bytes.set("request of a stream", encode(encodeOpenFrame(STREAM)));
  bytes.set("reply", encode([9, 0, data]));
  for (const letter of ["V", "L", "S", "M"] as const) {
    const identity = { cluster: "kontiki", node: 2, ...IDS };
    bytes.set(
      `head of ${letter}`,
      encodeFileHeader({ letter, identity, numbers: [1, 2, 3, 4, 5] }),
    );
  }
  const buffer = new Uint8Array(800);
  const entries = [entry(301, "noop"), entry(302, "command"), {
    ...entry(303, "members"),
    term: 6,
  }];
  const place = { headerChecksum: 77, offset: 176, start: 176 };
  const length = encodeRecord(buffer, { from: 301, entries, continues: false, place });
  bytes.set("record", buffer.slice(0, length));
  return bytes;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function goldenBytes(name: string): Uint8Array {
  const text = (golden as Readonly<Record<string, string>>)[name];
  assert(text !== undefined, `wanted golden bytes of: ${name}`);
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

Deno.test("every message, hello, head and record is written as in the release that made the promise", () => {
  const written = [...today()].map(([name, bytes]) => [name, hex(bytes)]);
  const current = Object.entries(golden).filter(([name]) => !name.startsWith("earlier "));
  assertEquals(Object.fromEntries(written), Object.fromEntries(current));
});

Deno.test("golden messages are read", () => {
  for (const [name, message] of Object.entries(MESSAGES)) {
    const read = decodeEnvelope(decode(goldenBytes(`message ${name}`)));
    assertEquals(read, envelope(message), name);
  }
});

Deno.test("golden messages without the fields that came later are read", () => {
  for (const name of ["heartbeat", "appendEntries", "appendAccepted"]) {
    const read = decodeEnvelope(decode(goldenBytes(`earlier message ${name}`)));
    assertEquals(read, envelope(MESSAGES[name]!), name);
  }
});

Deno.test("golden hellos, requests and replies are read", () => {
  const read = (name: string) => decode(goldenBytes(name));
  const self = {
    ...{ clusterId: IDS.clusterId, incarnation: IDS.incarnation, incarnationOf: () => "" },
    asOf: { index: 0, term: 0 },
    ...{ cluster: "kontiki", id: 1, members: "", versions: PEER_VERSIONS, peer: 2 },
  };
  const hello = decodePeerHello(read("hello of a peer"), self);
  assertEquals(hello, { ...AGREED, ...PEER_HELLO });
  assertEquals(decodePeerAnswer(read("answer of a peer"), self), { ...AGREED, ...ANSWER });
  const { highest: version, features } = CLIENT_VERSIONS;
  assertEquals(decodeClientHello(read("hello of a client"), SERVER), { version, features });
  assertEquals(decodeServerHello(read("hello of a server")), SERVER);
  assertEquals(decodeRequestFrame(read("request")), REQUEST);
  assertEquals(decodeStreamFrame(read("request of a stream")), STREAM);
  const reply = { number: 9, status: "answered", payload: data } as const;
  assertEquals(decodeReplyFrame(read("reply")), reply);
});

Deno.test("golden hellos without the fields that came later are read", () => {
  const versions = PEER_VERSIONS;
  const none = { index: 0, term: 0 };
  const hello = decodePeerHello(decode(goldenBytes("earlier hello of a peer")), { versions });
  assertEquals(hello, {
    ...AGREED,
    ...PEER_HELLO,
    asOf: none,
    client: "",
    held: null,
    starts: NO_STARTS,
  });
  const second = decodePeerHello(decode(goldenBytes("earlier 2 hello of a peer")), { versions });
  assertEquals(second, { ...AGREED, ...PEER_HELLO, starts: NO_STARTS });
  const self = { ...IDS, asOf: none, incarnationOf: () => "", cluster: "kontiki", id: 1 };
  const mine = { ...self, members: "", versions, peer: 2 };
  const answer = decodePeerAnswer(decode(goldenBytes("earlier answer of a peer")), mine);
  assertEquals(answer, { ...AGREED, ...ANSWER, asOf: none });
});

Deno.test("golden heads and records are read", () => {
  for (const letter of ["V", "L", "S", "M"]) {
    const head = decodeFileHeader(goldenBytes(`head of ${letter}`));
    assertEquals(head?.identity, { cluster: "kontiki", node: 2, ...IDS });
    assertEquals([head?.letter, head?.numbers], [letter, [1, 2, 3, 4, 5]]);
  }
  const bytes = goldenBytes("record");
  const place = { headerChecksum: 77, offset: 176 };
  const header = decodeRecordHeader(bytes, place);
  assert(header !== null);
  const content = decodeRecordBody(bytes.subarray(RECORD_HEADER_BYTES), { ...header, place });
  const entries = [entry(301, "noop"), entry(302, "command"), {
    ...entry(303, "members"),
    term: 6,
  }];
  assertEquals(content?.entries, entries);
});

/** What a call returns, or the text of its error. */
function outcome<Result>(call: () => Result): Result | string {
  try {
    return call();
  } catch (error) {
    return String(error);
  }
}

Deno.test("fields of a later version are passed over", () => {
  const longer = (name: string) => {
    const value = decode(goldenBytes(name));
    assert(Array.isArray(value));
    return [...value, "a field of a later version", 7];
  };
  for (const [name, message] of Object.entries(MESSAGES)) {
    assertEquals(outcome(() => decodeEnvelope(longer(`message ${name}`))), envelope(message), name);
  }
  const hello = decodePeerHello(longer("hello of a peer"), { versions: PEER_VERSIONS });
  assertEquals("refusal" in hello, false);
  assertEquals(decodeServerHello(longer("hello of a server")), SERVER);
  assertEquals(decodeRequestFrame([9, data, 1500, null, 0, "more"]), REQUEST);
});
