/** Tests of the bytes on disk, pinned byte by byte with checksums from another program. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  BASE_RECORD_BYTES,
  baseOfRecord,
  checkIdentity,
  decodeFileHeader,
  decodeRecordBody,
  decodeRecordHeader,
  encodeFileHeader,
  encodeRecord,
  entryBytes,
  isTorn,
  RECORD_HEADER_BYTES,
  usedLength,
} from "./record.ts";
import type { Entry } from "../core/model/types.ts";

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

Deno.test("encodeFileHeader gives the bytes of docs/protocol.md", () => {
  const wanted = "4b4f4e54494b494c" + "02000000" + "07000000" + "6331" + "00".repeat(30) +
    "0200000000000000" + "0500000000000000" + "0300000000000000" + "0000000000000000" +
    "ffffffffffff1f00" + "00000000" + "e0030b43";
  assertEquals(hex(HEADER), wanted);
  assertEquals(decodeFileHeader(HEADER)?.numbers, [2, 5, 3, 0, 2 ** 53 - 1]);
  assertEquals(decodeFileHeader(HEADER)?.identity, { cluster: "c1", node: 7 });
});

Deno.test("encodeRecord returns the bytes of docs/protocol.md", () => {
  const { bytes } = recordAt(96);
  const head = "c7277edc200000000600000000000000" + "0200000060000000dc1486ee544e4f4b";
  const body = "0100000002000000ffffffff" + "010000000200000003000000616263ffffffffff";
  assertEquals(hex(bytes), head + body);
  assertEquals(ENTRIES.map(entryBytes), [12, 15]);
});

Deno.test("decodeRecordBody returns the entries, and nothing for another offset or length", () => {
  const { bytes, headerChecksum } = recordAt(96);
  const place = { headerChecksum, offset: 96 };
  const header = decodeRecordHeader(bytes, place);
  assert(header !== null);
  const body = bytes.subarray(RECORD_HEADER_BYTES);
  const content = { from: 6, continues: false, entries: [...ENTRIES] };
  assertEquals(decodeRecordBody(body, { ...header, place }), content);
  assertEquals(decodeRecordBody(body.subarray(1), { ...header, place }), null);
  assertEquals(decodeRecordBody(body, { ...header, place: { ...place, offset: 104 } }), null);
  assertEquals(decodeRecordHeader(bytes, { ...place, offset: 104 }), null);
  assertEquals(decodeRecordHeader(bytes, { ...place, headerChecksum: 1 }), null);
  assertEquals(decodeRecordHeader(bytes.subarray(0, 31), place), null);
});

Deno.test("encodeRecord says in a segment's first record what the log continues behind", () => {
  const headerChecksum = decodeFileHeader(HEADER)!.checksum;
  const place = { headerChecksum, offset: 96, start: 96 };
  const buffer = new Uint8Array(BASE_RECORD_BYTES);
  const record = { from: 6, baseTerm: 2 ** 33 + 1, entries: [], continues: true };
  assertEquals(encodeRecord(buffer, { ...record, place }), BASE_RECORD_BYTES);
  const header = decodeRecordHeader(buffer, place);
  assert(header !== null);
  const content = decodeRecordBody(buffer.subarray(RECORD_HEADER_BYTES), { ...header, place });
  assertEquals(content, record);
  assertEquals(baseOfRecord(content!), { index: 5, term: 2 ** 33 + 1 });
  assertEquals(baseOfRecord({ from: 6, entries: [], continues: false }), null);
});

Deno.test("isTorn says yes to lost sectors and early ends, and no to rot, short files and later saves", () => {
  const { bytes, headerChecksum } = recordAt(480);
  const place = { headerChecksum, offset: 480, start: 480, grows: false };
  // The record's header ends where a sector ends: one of the two sectors was lost.
  const first = bytes.slice().fill(0, 0, 32);
  const second = bytes.slice().fill(0, 32);
  assertEquals([isTorn(first, place), isTorn(second, place)], [true, true]);
  for (let length = 1; length < bytes.length; length++) {
    assertEquals(isTorn(bytes.subarray(0, length), place), false);
    assertEquals(isTorn(bytes.subarray(0, length), { ...place, grows: true }), true);
    assertEquals(isTorn(bytes.slice().fill(0, length), place), true, `${length} bytes written`);
  }
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const rotten = bytes.slice();
    rotten[bit >> 3]! ^= 1 << bit % 8;
    assertEquals(isTorn(rotten, place), false, `bit ${bit}`);
  }
  const later = recordAt(480 + bytes.length).bytes;
  assertEquals(isTorn(new Uint8Array([...second, ...later]), place), false);
});

Deno.test("usedLength counts up to the last byte that is not zero", () => {
  for (let length = 0; length < 20; length++) {
    for (let offset = 0; offset < 4; offset++) {
      const bytes = new Uint8Array(40).subarray(offset);
      assertEquals(usedLength(bytes), 0);
      if (length > 0) bytes[length - 1] = 1;
      assertEquals([usedLength(bytes), usedLength(bytes.subarray(0, length))], [length, length]);
    }
  }
});

Deno.test("checkIdentity refuses clusters and nodes that cannot be written", () => {
  checkIdentity({ cluster: "é".repeat(16), node: 1 });
  for (const cluster of ["", "é".repeat(17), "a\0b"]) {
    assertThrows(() => checkIdentity({ cluster, node: 1 }), RangeError);
  }
  for (const node of [0, 1.5, -1, 2 ** 32]) {
    assertThrows(() => checkIdentity({ cluster: "c", node }), RangeError);
  }
});
