/**
 * Tests of what stands in front of a snapshot's image.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
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
