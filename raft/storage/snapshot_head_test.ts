/**
 * Tests of what stands in front of a snapshot's image.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { encodeMembers } from "../core/mod.ts";
import { MEMBERS } from "../../tests/helpers/log_entries.ts";
import { encodeSnapshotHead, splitSnapshot } from "./snapshot_head.ts";
import { StorageError } from "./storage_error.ts";

const PLACE = { file: "snapshot", offset: 96 };

Deno.test("splitSnapshot gives back the members and the image (M11)", () => {
  for (const image of [new Uint8Array(), Uint8Array.of(1, 2, 3)]) {
    const bytes = Uint8Array.of(...encodeSnapshotHead(MEMBERS), ...image);
    const split = splitSnapshot(bytes, PLACE);
    assertEquals([split.members, new Uint8Array(split.image)], [MEMBERS, image]);
  }
});

Deno.test("splitSnapshot refuses bytes without members in front", () => {
  const head = encodeSnapshotHead(MEMBERS);
  const other = head.slice();
  other[4] = 0;
  for (const bytes of [new Uint8Array(3), new Uint8Array(9), head.subarray(0, -1), other]) {
    assertThrows(() => splitSnapshot(bytes, PLACE), StorageError);
  }
});

/** A head with other fields, and an image behind it. */
function headOf(fields: Readonly<Record<string, unknown>>): Uint8Array {
  const members = JSON.parse(new TextDecoder().decode(encodeMembers(MEMBERS)));
  const text = new TextEncoder().encode(JSON.stringify({ ...members, ...fields }));
  const bytes = new Uint8Array(4 + text.length + 1);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  return bytes;
}

Deno.test("splitSnapshot reads a head without a format, passes over unknown fields, and refuses a later format (I4)", () => {
  const kindOf = (fields: Readonly<Record<string, unknown>>): string => {
    try {
      const { members, image } = splitSnapshot(headOf(fields), PLACE);
      assertEquals([members, image.length], [MEMBERS, 1]);
      return "read";
    } catch (error) {
      if (error instanceof StorageError) return error.kind;
      throw error;
    }
  };
  assertEquals([{}, { format: 1, later: "field" }, { format: 2 }].map(kindOf), [
    "read",
    "read",
    "newer",
  ]);
});
