/** Tests of the bytes on disk, pinned byte by byte with checksums from another program. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  checkIdentity,
  decodeFileHeader,
  decodeRecordBody,
  decodeRecordHeader,
  encodeFileHeader,
  encodeRecord,
  entryBytes,
  isTorn,
  RECORD_HEADER_BYTES,
  recordBytes,
} from "./record.ts";
import type { Entry } from "../core/types.ts";

const HEADER = encodeFileHeader({
  letter: "L",
  identity: { cluster: "c1", node: 7 },
  numbers: [2, 5, 3, 0, 2 ** 53 - 1],
});

const ENTRIES: readonly Entry[] = [
  { index: 6, term: 2 ** 33 + 1, command: null },
  { index: 7, term: 2 ** 33 + 1, command: new TextEncoder().encode("abc") },
];

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function recordAt(offset: number): { bytes: Uint8Array; headerChecksum: number } {
  const headerChecksum = decodeFileHeader(HEADER)!.checksum;
  const buffer = new Uint8Array(100).fill(0xee);
  const place = { headerChecksum, offset, start: offset };
  const length = encodeRecord(buffer, { from: 6, entries: ENTRIES, continues: false, place });
  return { bytes: buffer.slice(0, length), headerChecksum };
}

Deno.test("encodeFileHeader returns the bytes of docs/protocol.md", () => {
  const wanted = "4b4f4e54494b494c" + "01000000" + "07000000" + "6331" + "00".repeat(30) +
    "0200000000000000" + "0500000000000000" + "0300000000000000" + "0000000000000000" +
    "ffffffffffff1f00" + "00000000" + "b1e20fad";
  assertEquals(hex(HEADER), wanted);
  assertEquals(decodeFileHeader(HEADER)?.numbers, [2, 5, 3, 0, 2 ** 53 - 1]);
  assertEquals(decodeFileHeader(HEADER)?.identity, { cluster: "c1", node: 7 });
});

Deno.test("encodeRecord returns the bytes of docs/protocol.md", () => {
  const { bytes } = recordAt(96);
  const head = "0fcdb9ab200000000600000000000000" + "02000000600000008b58f1f8544e4f4b";
  const body = "0100000002000000ffffffff" + "0100000002000000030000006162630000000000";
  assertEquals(hex(bytes), head + body);
  assertEquals(recordBytes(ENTRIES), bytes.length);
  assertEquals(ENTRIES.map(entryBytes), [12, 15]);
});

Deno.test("decodeRecordBody returns the entries, and nothing for another offset or length", () => {
  const { bytes, headerChecksum } = recordAt(96);
  const place = { headerChecksum, offset: 96 };
  const header = decodeRecordHeader(bytes, place);
  assert(header !== null);
  const body = bytes.subarray(RECORD_HEADER_BYTES);
  assertEquals(decodeRecordBody(body, { ...header, place }), [...ENTRIES]);
  assertEquals(decodeRecordBody(body.subarray(1), { ...header, place }), null);
  assertEquals(decodeRecordBody(body, { ...header, place: { ...place, offset: 104 } }), null);
  assertEquals(decodeRecordHeader(bytes, { ...place, offset: 104 }), null);
  assertEquals(decodeRecordHeader(bytes, { ...place, headerChecksum: 1 }), null);
  assertEquals(decodeRecordHeader(bytes.subarray(0, 31), place), null);
});

Deno.test("isTorn is true for missing bytes and lost sectors, false for bit rot and later saves", () => {
  const { bytes, headerChecksum } = recordAt(480);
  const place = { headerChecksum, offset: 480, start: 480 };
  assertEquals(isTorn(bytes.subarray(0, 20), place), true);
  assertEquals(isTorn(bytes.subarray(0, 40), place), true);
  // The record's header ends at a sector boundary; one of the two sectors was lost.
  const first = bytes.slice().fill(0, 0, 32);
  const second = bytes.slice().fill(0, 32);
  assertEquals([isTorn(first, place), isTorn(second, place)], [true, true]);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const rotten = bytes.slice();
    rotten[bit >> 3]! ^= 1 << bit % 8;
    assertEquals(isTorn(rotten, place), false, `bit ${bit}`);
  }
  const later = recordAt(480 + bytes.length).bytes;
  assertEquals(isTorn(new Uint8Array([...second, ...later]), place), false);
});

Deno.test("checkIdentity refuses clusters and nodes that cannot be encoded", () => {
  checkIdentity({ cluster: "é".repeat(16), node: 1 });
  for (const cluster of ["", "é".repeat(17), "a\0b"]) {
    assertThrows(() => checkIdentity({ cluster, node: 1 }), RangeError);
  }
  for (const node of [0, 1.5, -1, 2 ** 32]) {
    assertThrows(() => checkIdentity({ cluster: "c", node }), RangeError);
  }
});
