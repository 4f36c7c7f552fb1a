/**
 * Folders that another version of the program wrote: format 1, in which segments grew with each
 * record, is read and goes on in today's format; a newer one is refused by name.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { crc32 } from "../../raft/storage/crc32.ts";
import { decodeFileHeader, FORMAT_VERSION } from "../../raft/storage/record.ts";
import { StorageError } from "../../raft/storage/storage_error.ts";
import type { Trimmed } from "../../raft/storage/file_reading.ts";
import { applySave, EMPTY } from "../../raft/core/model/save.ts";
import type { Persistent, Save } from "../../raft/core/model/types.ts";
import { type DiskImage, SimDisk } from "../sim/sim_disk.ts";
import { smallStorage } from "./file_storage_home.ts";
import { entriesOf, saveOf, snapshotOf } from "./storage_suite.ts";
import files from "./format_1.json" with { type: "json" };

/** What the program that wrote `format_1.json` had saved. */
const SAVES: readonly Save[] = [
  saveOf({ vote: { term: 2, votedFor: 3 } }),
  saveOf({ tail: { from: 1, entries: entriesOf(1, 4, 1) } }),
  saveOf({ snapshot: snapshotOf(2, 1, 90) }),
  saveOf({ tail: { from: 5, entries: entriesOf(5, 9, 1) } }),
  saveOf({ tail: { from: 14, entries: entriesOf(14, 9, 2) } }),
  saveOf({ tail: { from: 23, entries: entriesOf(23, 2, 2) } }),
  saveOf({ tail: { from: 25, entries: entriesOf(25, 2, 2) } }),
  saveOf({ tail: { from: 27, entries: [{ index: 27, term: 2, command: null }] } }),
];
const NEWEST = "log-0000000004";

function oldFolder(): Map<string, Uint8Array<ArrayBuffer>> {
  const bytesOf = (text: string) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Map(Object.entries(files).map(([name, text]) => [name, bytesOf(text)]));
}

async function verdictOn(
  image: DiskImage,
): Promise<{ state: Persistent; trimmed: Trimmed | null } | StorageError> {
  let trimmed: Trimmed | null = null;
  const disk = new SimDisk(image);
  const storage = smallStorage(disk.open(), { trimmed: (what) => trimmed = what });
  try {
    return { state: await storage.load(), trimmed };
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  } finally {
    await storage.close();
  }
}

Deno.test("FileStorage opens a folder of format 1 and goes on in today's format", async () => {
  const disk = new SimDisk(oldFolder());
  const storage = smallStorage(disk.open());
  let state = SAVES.reduce(applySave, EMPTY);
  assertEquals(await storage.load(), state);
  for (let from = 28; from < 60; from += 4) {
    const save = saveOf({ tail: { from, entries: entriesOf(from, 4, 2) } });
    await storage.save(save);
    state = applySave(state, save);
  }
  const save = saveOf({ snapshot: snapshotOf(50, 2) });
  await storage.save(save);
  await storage.close();
  const again = smallStorage(disk.open());
  assertEquals(await again.load(), applySave(state, save));
  await again.close();
  const versions = [...disk.image().values()].map((bytes) => decodeFileHeader(bytes)?.version);
  assertEquals(new Set(versions), new Set([FORMAT_VERSION]));
});

Deno.test("FileStorage opens a folder of format 1 again after a crash at any step of its first start", async () => {
  const expected = SAVES.reduce(applySave, EMPTY);
  const images: DiskImage[] = [];
  const disk: SimDisk = new SimDisk(oldFolder(), {
    changed: () => images.push(...disk.imagesAfterPowerCut(() => 0.3, 64)),
  });
  const storage = smallStorage(disk.open());
  await storage.load();
  await storage.close();
  assert(images.length > 50, `${images.length} images`);
  for (const image of images) {
    const verdict = await verdictOn(image);
    assert(!(verdict instanceof StorageError), String(verdict));
    assertEquals(verdict.state, expected);
  }
});

Deno.test("FileStorage cuts off a save of format 1 when its segment ends within it", async () => {
  const bytes = oldFolder().get(NEWEST)!;
  const before = SAVES.slice(0, -1).reduce(applySave, EMPTY);
  const start = bytes.length - 48;
  for (let length = start + 1; length < bytes.length; length++) {
    const verdict = await verdictOn(oldFolder().set(NEWEST, bytes.slice(0, length)));
    assert(!(verdict instanceof StorageError), String(verdict));
    assertEquals(verdict.state, before);
    assertEquals(verdict.trimmed?.offset, start);
  }
});

Deno.test("FileStorage refuses a folder of format 1 when any byte is changed", async () => {
  let cases = 0;
  for (const [name, bytes] of oldFolder()) {
    for (let at = 0; at < bytes.length; at++) {
      const copy = bytes.slice();
      copy[at]! ^= 1 << at % 8;
      const verdict = await verdictOn(oldFolder().set(name, copy));
      assert(verdict instanceof StorageError, `${name} with byte ${at} changed was served`);
      assertEquals([verdict.kind, verdict.file], ["damaged", name], `byte ${at}`);
      cases++;
    }
  }
  assert(cases > 1500, `${cases} cases`);
});

Deno.test("FileStorage names both versions when a newer program wrote the folder", async () => {
  const vote = oldFolder().get("vote")!;
  const view = new DataView(vote.buffer);
  view.setUint32(8, FORMAT_VERSION + 1, true);
  view.setUint32(92, crc32(vote.subarray(0, 92)), true);
  const verdict = await verdictOn(oldFolder().set("vote", vote));
  assert(verdict instanceof StorageError);
  assertEquals([verdict.kind, verdict.file], ["newer", "vote"]);
  const both = `version ${FORMAT_VERSION + 1}, this program reads up to version ${FORMAT_VERSION}`;
  assert(verdict.message.includes(both), verdict.message);
});
