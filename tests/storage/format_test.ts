/**
 * Folders that another version of the program wrote: each is refused by name, and left as it is.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { crc32 } from "../../raft/storage/format/crc32.ts";
import { FORMAT_VERSION, FORMAT_VERSION_LEAST } from "../../raft/storage/format/file_head.ts";
import { StorageError } from "../../raft/storage/storage_error.ts";
import { type DiskImage, SimDisk } from "../sim/sim_disk.ts";
import { LIFE, smallStorage } from "./file_storage_home.ts";

/** A sound folder whose vote file says that another version wrote it. */
async function folderOf(version: number): Promise<DiskImage> {
  const disk = new SimDisk();
  const storage = smallStorage(disk.open());
  await storage.load();
  for (const save of LIFE) await storage.save(save);
  await storage.close();
  const image = new Map(disk.image());
  // Before format 3 the head had no ids, and 96 bytes.
  const vote = image.get("vote")!.slice(0, version < FORMAT_VERSION_LEAST ? 96 : undefined);
  const view = new DataView(vote.buffer);
  view.setUint32(8, version, true);
  view.setUint32(vote.length - 4, crc32(vote.subarray(0, vote.length - 4)), true);
  return image.set("vote", vote);
}

async function refusalOf(version: number): Promise<StorageError> {
  const image = await folderOf(version);
  const disk = new SimDisk(image);
  const storage = smallStorage(disk.open());
  try {
    await storage.load();
  } catch (error) {
    assert(error instanceof StorageError, String(error));
    assertEquals(disk.image(), image);
    return error;
  } finally {
    await storage.close();
  }
  throw new Error(`a folder of version ${version} was opened`);
}

Deno.test("FileStorage names both versions when a newer program wrote the folder", async () => {
  const error = await refusalOf(FORMAT_VERSION + 1);
  assertEquals([error.kind, error.file], ["newer", "vote"]);
  const both = `version ${FORMAT_VERSION + 1}, this program reads up to version ${FORMAT_VERSION}`;
  assert(error.message.includes(both), error.message);
});

Deno.test("FileStorage names both versions when a program from before the promise wrote the folder", async () => {
  for (let version = 1; version < FORMAT_VERSION_LEAST; version++) {
    const error = await refusalOf(version);
    assertEquals([error.kind, error.file], ["older", "vote"]);
    const both = `version ${version}, this program reads from version ${FORMAT_VERSION_LEAST} on`;
    assert(error.message.includes(both), error.message);
    assert(error.advice.includes("Start with the version that wrote it"), error.advice);
  }
});
