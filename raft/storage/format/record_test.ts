/** Tests of the bytes on disk, pinned byte by byte with checksums from another program. @module */

import { assert, assertEquals } from "@std/assert";
import { decodeFileHeader, encodeFileHeader } from "./file_head.ts";
import {
  BASE_RECORD_BYTES,
  baseOfRecord,
  decodeRecordBody,
  decodeRecordHeader,
  encodeRecord,
  entryBytes,
  isTorn,
  RECORD_HEADER_BYTES,
  usedLength,
} from "./record.ts";
import type { Entry } from "../../core/model/types.ts";
import { entryOf } from "../../../tests/helpers/log_entries.ts";

const HEADER = encodeFileHeader({
  letter: "L",
  identity: { cluster: "c1", node: 7, clusterId: "0011".repeat(8), incarnation: "ffee".repeat(8) },
  numbers: [2, 5, 3, 0, 2 ** 53 - 1],
});

const TIMES = { steady: 9, wall: 2 ** 41 };
const ENTRIES: readonly Entry[] = [
  { ...entryOf(6, 2 ** 33 + 1), times: TIMES },
  { ...entryOf(7, 2 ** 33 + 1, new TextEncoder().encode("abc")), times: TIMES },
];

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function recordAt(offset: number): { bytes: Uint8Array; headerChecksum: number } {
  const headerChecksum = decodeFileHeader(HEADER)!.checksum;
  const buffer = new Uint8Array(120).fill(0xee);
  const place = { headerChecksum, offset, start: offset };
  const length = encodeRecord(buffer, { from: 6, entries: ENTRIES, continues: false, place });
  return { bytes: buffer.slice(0, length), headerChecksum };
}

Deno.test("encodeRecord returns the bytes of docs/protocol.md", () => {
  const { bytes } = recordAt(96);
  const head = "404e7c4f280000000600000000000000" + "02000000600000009f979141544e4f4b";
  const body = "0000000080" + "010000000200000009000000000000000000000000020000" +
    "0300000001616263" + "ffffff";
  assertEquals(hex(bytes), head + body);
  const [noop, command] = ENTRIES;
  assertEquals([entryBytes(noop!, null), entryBytes(command!, noop!)], [29, 8]);
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
  const place = { headerChecksum, offset: 480, start: 480 };
  // The record's header ends where a sector ends: one of the two sectors was lost.
  const first = bytes.slice().fill(0, 0, 32);
  const second = bytes.slice().fill(0, 32);
  assertEquals([isTorn(first, place), isTorn(second, place)], [true, true]);
  for (let length = 1; length < bytes.length; length++) {
    assertEquals(isTorn(bytes.subarray(0, length), place), false);
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
