/**
 * File storages on simulated disks, as the tests of the storage need them: small limits, so that a
 * few saves meet every edge.
 *
 * @module
 */

import {
  applySave,
  EMPTY,
  type Files,
  FileStorage,
  type FileStorageOptions,
  type Persistent,
  type Save,
} from "../../raft/mod.ts";
import { type DiskImage, SimDisk } from "../sim/mod.ts";
import { entriesOf, noopOf, saveOf, snapshotOf } from "./storage_suite.ts";

export const IDENTITY = {
  cluster: "test cluster",
  node: 3,
  clusterId: "00112233445566778899aabbccddeeff",
  incarnation: "ffeeddccbbaa99887766554433221100",
};

/** A storage whose segments hold a handful of entries and whose records hold one or two. */
export function smallStorage(
  files: Files,
  options: Partial<FileStorageOptions> = {},
): FileStorage {
  const small = { segmentBytesMax: 500, recordBytesMax: 120 };
  return new FileStorage({ files, identity: IDENTITY, ...small, ...options });
}

/**
 * A sequence of saves with everything: votes, appends, conflicts, a large save, snapshots,
 * compaction.
 */
export const LIFE: readonly Save[] = [
  saveOf({ vote: { term: 1, votedFor: 3 } }),
  saveOf({ tail: { from: 1, entries: [noopOf(1, 1)] } }),
  saveOf({ tail: { from: 2, entries: entriesOf(2, 2, 1) } }),
  saveOf({ tail: { from: 4, entries: entriesOf(4, 6, 1) } }),
  saveOf({ vote: { term: 2, votedFor: null } }),
  saveOf({ vote: { term: 3, votedFor: 1 }, tail: { from: 8, entries: entriesOf(8, 1, 2) } }),
  saveOf({ tail: { from: 9, entries: entriesOf(9, 5, 3) } }),
  saveOf({ tail: { from: 4, entries: entriesOf(4, 2, 3) } }),
  saveOf({ tail: { from: 5, entries: [] } }),
  saveOf({ snapshot: snapshotOf(3, 1, 700) }),
  saveOf({ tail: { from: 5, entries: entriesOf(5, 3, 3) } }),
  saveOf({ snapshot: snapshotOf(6, 3, 20), tail: { from: 8, entries: entriesOf(8, 1, 3) } }),
  saveOf({ tail: { from: 9, entries: entriesOf(9, 8, 3) } }),
  saveOf({ vote: { term: 5, votedFor: null } }),
  saveOf({ snapshot: snapshotOf(12, 4, 30), tail: { from: 13, entries: [] } }),
  saveOf({ tail: { from: 13, entries: entriesOf(13, 2, 4) } }),
  saveOf({ snapshot: snapshotOf(30, 5, 600), tail: { from: 31, entries: entriesOf(31, 1, 5) } }),
  saveOf({ snapshot: snapshotOf(31, 5, 0) }),
  saveOf({ tail: { from: 32, entries: entriesOf(32, 2, 5) } }),
  saveOf({ tail: { from: 33, entries: entriesOf(33, 70, 5) } }),
  saveOf({ tail: { from: 103, entries: entriesOf(103, 1, 5) } }),
];

/** The state after all saves. */
export function stateAfter(saves: readonly Save[]): Persistent {
  return saves.reduce(applySave, EMPTY);
}

/** The disk after all of it. */
export async function livedDisk(): Promise<SimDisk> {
  const disk = new SimDisk();
  const storage = smallStorage(disk.open());
  await storage.load();
  for (const save of LIFE) await storage.save(save);
  await storage.close();
  return disk;
}

/** The folder with one file replaced, or without it. */
export function replaced(
  image: DiskImage,
  name: string,
  bytes: Uint8Array<ArrayBuffer> | null,
): DiskImage {
  const copy = new Map(image);
  if (bytes === null) copy.delete(name);
  else copy.set(name, bytes);
  return copy;
}
