/**
 * Tests of the bytes of requests and replies, exactly as in `docs/protocol.md`.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { KEY_BYTES_MAX } from "../tables/mod.ts";
import { SAMPLES } from "../../tests/helpers/samples.ts";
import { type Batch, BATCH_LIMITS } from "./batch.ts";
import { VALUE_BYTES_MAX } from "./fields.ts";
import { toKey } from "./key_text.ts";
import { decodeReply, encodeReply, type Reply } from "./reply.ts";
import { decodeRequest, encodeRequest, type Request, requestAccess } from "./request.ts";

const requests: Request[] = [
  { type: "get", key: "k" },
  { type: "get", key: "colour" },
  { type: "get", key: toKey("\u{feff}marked") },
  { type: "get", key: toKey("größer als 🚣") },
  { type: "get", key: "x".repeat(KEY_BYTES_MAX) },
  { type: "put", key: "k", value: new Uint8Array(0), version: 0 },
  {
    type: "put",
    key: "a key longer than what is read letter by letter",
    value: bytes(7),
    version: 1,
  },
  { type: "put", key: "k", value: bytes(300), version: Number.MAX_SAFE_INTEGER },
  { type: "put", key: "\xfe\0", value: bytes(VALUE_BYTES_MAX), version: 2 ** 32 },
  { type: "batch", batch: { checks: [], then: SAMPLES.operations, otherwise: [], at: 0 } },
  {
    type: "numbered",
    number: { born: 1, session: Number.MAX_SAFE_INTEGER, number: 3, answered: 2 },
    request: { type: "put", key: "k", value: bytes(3), version: 7 },
  },
  {
    type: "numbered",
    number: { born: 0, session: 0, number: 1, answered: 0 },
    request: {
      type: "batch",
      batch: { checks: [], then: SAMPLES.operations, otherwise: [], at: 0 },
    },
  },
  { type: "time" },
];

const replies: Reply[] = [
  { type: "value", value: bytes(0), version: 1 },
  { type: "value", value: bytes(300), version: Number.MAX_SAFE_INTEGER },
  { type: "stored" },
  { type: "noKey" },
  { type: "wrongVersion", version: 1 },
  { type: "wrongVersion", version: Number.MAX_SAFE_INTEGER },
  { type: "wrongLeader", leader: null },
  { type: "wrongLeader", leader: 4_000_000_000 },
  { type: "unknown", leader: null },
  { type: "unknown", leader: 3 },
  { type: "overloaded" },
  { type: "refused" },
  { type: "full" },
  { type: "compacted", oldest: 7 },
  { type: "future", newest: Number.MAX_SAFE_INTEGER },
  { type: "invalid", reason: "größer" },
  { type: "time", steady: 86_400_000 },
  { type: "sessionGone" },
  {
    type: "batch",
    result: { held: false, revision: 9, failedChecks: [0, 3], results: SAMPLES.results },
  },
];

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, place) => place % 251);
}

Deno.test("encodeRequest returns the documented bytes", () => {
  const put = encodeRequest({ type: "put", key: "ab", value: Uint8Array.of(9, 8), version: 258 });
  assertEquals([...put], [2, 0, 0, 0, 0, 0, 0, 1, 2, 0, 2, 97, 98, 9, 8]);
  assertEquals([...encodeRequest({ type: "get", key: "ab" })], [1, 0, 2, 97, 98]);
});

Deno.test("encodeReply returns the documented bytes", () => {
  const value = encodeReply({ type: "value", value: Uint8Array.of(9), version: 258 });
  assertEquals([...value], [1, 0, 0, 0, 0, 0, 0, 1, 2, 9]);
  assertEquals([...encodeReply({ type: "stored" })], [0]);
  const conflict = encodeReply({ type: "wrongVersion", version: 258 });
  assertEquals([...conflict], [3, 0, 0, 0, 0, 0, 0, 1, 2]);
  assertEquals([...encodeReply({ type: "wrongLeader", leader: 2 })], [4, 0, 0, 0, 2]);
});

Deno.test("decodeRequest reverses encodeRequest", () => {
  for (const request of requests) assertEquals(decodeRequest(encodeRequest(request)), request);
});

Deno.test("decodeReply reverses encodeReply", () => {
  for (const reply of replies) assertEquals(decodeReply(encodeReply(reply)), reply);
});

Deno.test("decodeRequest reads a request inside a larger buffer", () => {
  const request = requests[6];
  assert(request !== undefined);
  const buffer = new Uint8Array(1000).fill(255);
  const encoded = encodeRequest(request);
  buffer.set(encoded, 13);
  assertEquals(decodeRequest(buffer.subarray(13, 13 + encoded.length)), request);
});

Deno.test("decodeRequest refuses a truncated get and trailing bytes", () => {
  const whole = encodeRequest({ type: "get", key: "colour" });
  for (let length = 0; length < whole.length; length++) {
    assertEquals(decodeRequest(whole.subarray(0, length)), null);
  }
  assertEquals(decodeRequest(Uint8Array.of(...whole, 0)), null);
});

Deno.test("decodeRequest refuses invalid bytes", () => {
  const tooLong = new Uint8Array(11 + VALUE_BYTES_MAX + 1);
  tooLong[0] = 2;
  const garbage: (readonly number[] | Uint8Array)[] = [
    [],
    [0],
    [3, 0, 0],
    [1, 0, 0],
    [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 97, 98],
    [2, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    tooLong,
  ];
  for (const bytes of garbage) assertEquals(decodeRequest(Uint8Array.from(bytes)), null);
});

Deno.test("decodeRequest and decodeReply return on random bytes", () => {
  let state = 1;
  const random = (): number => (state = (state * 48271) % 0x7fffffff) / 0x7fffffff;
  let accepted = 0;
  for (let run = 0; run < 20_000; run++) {
    const noise = Uint8Array.from({ length: Math.floor(random() * 20) }, () => random() * 256);
    if (noise.length > 0) noise[0] = random() * 16;
    if (noise.length > 2) noise[1] = 0;
    const request = decodeRequest(noise);
    if (request !== null) assertEquals(encodeRequest(request), noise);
    const reply = decodeReply(noise);
    if (reply !== null) assertEquals(encodeReply(reply), noise);
    if (request !== null || reply !== null) accepted++;
  }
  assert(accepted > 100, `only ${accepted} were read at all`);
});

Deno.test("encodeRequest refuses invalid requests", () => {
  const value = new Uint8Array(0);
  const wrong: Request[] = [
    { type: "get", key: "x".repeat(KEY_BYTES_MAX + 1) },
    { type: "get", key: "" },
    { type: "get", key: "not bytes: ü🚣" },
    { type: "put", key: "k", value: new Uint8Array(VALUE_BYTES_MAX + 1), version: 0 },
    { type: "put", key: "k", value, version: -1 },
    { type: "put", key: "k", value, version: 0.5 },
    { type: "put", key: "k", value, version: 2 ** 53 },
  ];
  for (const request of wrong) assertThrows(() => encodeRequest(request), RangeError, "Cannot");
});

Deno.test("requestAccess tells reads from writes, and refuses what is beyond a limit", () => {
  const batch = (batch: Batch) => encodeRequest({ type: "batch", batch });
  const [first] = SAMPLES.operations;
  const read = { op: "get", key: "k" } as const;
  assertEquals(requestAccess(encodeRequest({ type: "get", key: "k" })), "read");
  assertEquals(requestAccess(encodeRequest(requests[5]!)), "write");
  assertEquals(requestAccess(batch({ checks: [], then: [read], otherwise: [], at: 3 })), "read");
  const writes = batch({ checks: [], then: [read], otherwise: [first!], at: 0 });
  assertEquals(requestAccess(writes), "write");
  assertEquals(requestAccess(writes.subarray(0, -1)), null);
  assertEquals(requestAccess(Uint8Array.of(...writes, 0)), null);
  // Nine bytes ahead of the operations: the code and the revision to read.
  assertEquals(requestAccess(writes.with(8, 1)), null);
  const number = { born: 1, session: 2, number: 3, answered: 0 };
  const numbered = encodeRequest({
    type: "numbered",
    number,
    request: { type: "batch", batch: { checks: [], then: [first!], otherwise: [], at: 0 } },
  });
  assertEquals(requestAccess(numbered), "write");
  assertEquals(requestAccess(numbered.subarray(0, -1)), null);
  // A read needs no number, and a number has none itself.
  const head = numbered.subarray(0, 33);
  assertEquals(requestAccess(Uint8Array.of(...head, ...encodeRequest(requests[0]!))), null);
  assertEquals(requestAccess(Uint8Array.of(...head, ...numbered)), null);
  assertEquals(requestAccess(encodeRequest({ type: "time" })), "read");
  assertEquals(requestAccess(Uint8Array.of(5, 0)), null);
  const many = new Uint8Array(BATCH_LIMITS.bytes + 2).fill(0).with(0, 3);
  assertEquals(requestAccess(many), null);
});
