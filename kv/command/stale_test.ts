/**
 * Tests of the bytes of reads that may be old.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { encodeReply } from "./reply.ts";
import { encodeRequest } from "./request.ts";
import { decodeAged, decodeStale, encodeAged, encodeStale } from "./stale.ts";

const get = encodeRequest({ type: "get", key: "k" });
const put = encodeRequest({ type: "put", key: "k", value: new Uint8Array(), version: 0 });

Deno.test("a read carries the greatest age that its state may have", () => {
  const bytes = encodeStale({ maxAgeMs: 5000, request: get });
  assertEquals([...bytes.subarray(0, 9)], [7, 0, 0, 0, 0, 0, 0, 0x13, 0x88]);
  assertEquals(decodeStale(bytes), { maxAgeMs: 5000, request: get });
  for (const maxAgeMs of [-1, 0.5, NaN, Infinity]) {
    assertThrows(() => encodeStale({ maxAgeMs, request: get }), RangeError, "wanted an age");
  }
});

Deno.test("only reads may be old, and only once", () => {
  const stale = encodeStale({ maxAgeMs: 1, request: get });
  for (const request of [put, stale, Uint8Array.of(6), Uint8Array.of(77), new Uint8Array()]) {
    assertEquals(decodeStale(encodeStale({ maxAgeMs: 1, request })), null);
  }
  assertEquals([decodeStale(get), decodeStale(stale.subarray(0, 8))], [null, null]);
});

Deno.test("an answer states its age in whole milliseconds, rounded up", () => {
  const reply = encodeReply({ type: "noKey" });
  assertEquals(decodeAged(encodeAged({ ageMs: 11.2, reply })), { ageMs: 12, reply });
  assertEquals([decodeAged(reply), decodeAged(Uint8Array.of(15, 0, 0))], [null, null]);
});
