/**
 * Tests of the manifest: round trips, and the refusal of changed bytes.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { StorageError } from "../../../raft/mod.ts";
import { SimDisk } from "../../../tests/sim/sim_disk.ts";
import {
  decodeManifest,
  EMPTY_MANIFEST,
  encodeManifest,
  MANIFEST,
  type Manifest,
  readManifest,
  tableName,
  writeManifest,
} from "./manifest.ts";

const SOME: Manifest = {
  marks: [{ revision: 5, bytes: 100, at: 7 }],
  applied: { index: 2 ** 40, term: 7, times: { steady: 0, wall: 0 } },
  horizon: 12,
  deletions: 11,
  next: 5,
  levels: [[{ number: 4, checksum: 7 }, { number: 3, checksum: 0 }], [], [
    { number: 1, checksum: 2 ** 32 - 1 },
  ]],
  members: null,
};

Deno.test("a manifest is read as written", async () => {
  assertEquals(decodeManifest(encodeManifest(SOME)), SOME);
  const files = new SimDisk().open();
  assertEquals(await readManifest(files), EMPTY_MANIFEST);
  await writeManifest(files, SOME);
  assertEquals(await readManifest(files), SOME);
  assertEquals(await files.list(), [MANIFEST]);
});

Deno.test("a manifest with a changed bit or a truncated end is refused with the name of its file", async () => {
  const bytes = encodeManifest(SOME);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const changed = bytes.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    // The last byte is a newline, which may be missing.
    const read = decodeManifest(changed);
    assert(typeof read === "string" || bit >> 3 >= bytes.length - 1, `bit ${bit}`);
  }
  for (let length = 0; length < bytes.length - 1; length++) {
    assert(typeof decodeManifest(bytes.subarray(0, length)) === "string", `${length} bytes`);
  }
  const disk = new SimDisk(new Map([[MANIFEST, bytes.slice(0, 40)]]));
  const error = await assertRejects(() => readManifest(disk.open()), StorageError, "checksum");
  assertEquals([error.kind, error.file], ["damaged", MANIFEST]);
});

Deno.test("tableName sorts like its numbers", () => {
  assertEquals([tableName(1), tableName(12_345_678)], ["00000001.table", "12345678.table"]);
});

Deno.test("a manifest of another format is not damaged: another version of the program reads it", async () => {
  for (const [format, kind] of [[1, "older"], [3, "newer"]] as const) {
    const disk = new SimDisk();
    await writeManifest(disk.open(), SOME);
    const bytes = disk.image().get(MANIFEST)!;
    const text = new TextDecoder().decode(bytes).replace(/manifest \d/, `manifest ${format}`);
    const other = new SimDisk(new Map([[MANIFEST, new TextEncoder().encode(text)]]));
    const error = await assertRejects(() => readManifest(other.open()), StorageError);
    assertEquals(error.kind, kind);
    assert(error.message.includes(`the tables are of format ${format}, wanted 2 (manifest)`));
  }
});
