/**
 * Makes a new cluster of one node out of a folder that survived.
 *
 * The new folder is made whole beside the old one. Then the old one gets another name, and the new one
 * takes its place. Between these two renames there is no folder: a node refuses to start then, and the
 * next recovery goes on from there.
 *
 * Invariant: whenever it is cut off, the old folder is whole, under its own name or the one that it is
 * kept under; no node starts with a folder that is not whole (I7, D9).
 *
 * @module
 */

import { inspectTables } from "../../../kv/mod.ts";
import {
  drawId,
  type Files,
  FileStorage,
  type Folder,
  loneLog,
  type Moment,
  NO_STARTS,
  type Persistent,
  readFolder,
  StorageError,
  SystemClock,
  writeFolder,
} from "../../../raft/mod.ts";
import { attempt, CommandError } from "../../table/mod.ts";
import type { RecoveryDisk } from "./recovery_disk.ts";

/** The folder of the tables, below the data folder. */
export const TABLES_FOLDER = "tables";

/** The folder that survived. */
export interface Old {
  readonly folder: Folder;
  readonly persistent: Persistent;
  /** Holds the lock of the folder. */
  readonly files: Files;
}

/** What became of it. */
export interface Recovered {
  readonly clusterId: string;
  /** The path of the old folder. */
  readonly kept: string;
}

/** Where the new folder is made. */
function recoveringOf(data: string): string {
  return `${data}.recovering`;
}

/** Opens the old folder, and keeps others out of it. */
export async function openOld(data: string, disk: RecoveryDisk): Promise<Old> {
  const files = disk.files(data);
  const folder = await attempt(`read ${data}`, () => readFolder(files, null));
  if (folder === null || folder.founders === null) {
    throw new CommandError("failure", `Cannot recover ${data}: it belongs to no cluster`);
  }
  const { identity } = folder;
  const storage = new FileStorage({ files: disk.files(data), identity, create: false });
  const persistent = await storage.load();
  // A storage that is open makes files ahead, and the folder is about to be renamed.
  await storage.close();
  if (!await files.lock()) throw new StorageError("locked", "another process uses the folder");
  try {
    await checkTables(data, persistent, disk);
  } catch (error) {
    await files.close();
    throw error;
  }
  return { folder, persistent, files };
}

/** Refuses a state that is ahead of the log: a start of the node puts both in order. */
async function checkTables(
  data: string,
  persistent: Persistent,
  disk: RecoveryDisk,
): Promise<void> {
  const folder = `${data}/${TABLES_FOLDER}`;
  if (!disk.isThere(folder)) return;
  const { applied, verdict } = await inspectTables(disk.files(folder), new SystemClock());
  const last = lastOf(persistent);
  if (verdict !== "refused" && applied.index <= last.index) return;
  throw new CommandError(
    "failure",
    `Cannot recover: wanted tables up to entry ${last.index} at most, got ${applied.index}. Start ` +
      "the node once; it puts its log in order and waits for the others",
  );
}

/** The last entry that a folder holds. */
export function lastOf({ entries, snapshot }: Persistent): Moment {
  return entries.at(-1) ?? snapshot?.last ?? { index: 0, term: 0, times: { steady: 0, wall: 0 } };
}

/** Makes the new folder whole, and then gives it the name of the old one; the signal ends the former. */
export async function recover(
  data: string,
  old: Old,
  { disk, signal }: { readonly disk: RecoveryDisk; readonly signal: AbortSignal },
): Promise<Recovered> {
  const next = recoveringOf(data);
  const kept = `${data}.before-${Date.now()}`;
  if (disk.isThere(next)) await disk.remove(next);
  let clusterId: string;
  try {
    clusterId = await makeNext(data, old, { disk, signal });
  } catch (error) {
    if (signal.aborted && disk.isThere(next)) await disk.remove(next);
    throw error;
  }
  await attempt(`rename ${data}`, () => disk.rename(data, kept));
  await attempt(`rename ${next}`, () => disk.rename(next, data));
  return { clusterId, kept };
}

async function makeNext(
  data: string,
  { folder, persistent }: Old,
  { disk, signal }: { readonly disk: RecoveryDisk; readonly signal: AbortSignal },
): Promise<string> {
  const next = recoveringOf(data);
  const identity = { ...folder.identity, clusterId: drawId(), incarnation: drawId() };
  const { peer, client } = folder;
  const member = { id: identity.node, incarnation: identity.incarnation, peer, client };
  const storage = new FileStorage({ files: disk.files(next), identity });
  try {
    await storage.load();
    await storage.save(loneLog(persistent, member, Date.now()));
  } finally {
    await storage.close();
  }
  signal.throwIfAborted();
  await copyTables(`${data}/${TABLES_FOLDER}`, `${next}/${TABLES_FOLDER}`, { disk, signal });
  const founders = { voters: [member], outgoing: [], learners: [] };
  // Written last: a folder without it is not whole.
  await writeFolder(disk.files(next), {
    ...{ identity, founders, peer, client, hasBegun: true, starts: NO_STARTS, heard: [] },
  });
  return identity.clusterId;
}

async function copyTables(
  from: string,
  to: string,
  { disk, signal }: { readonly disk: RecoveryDisk; readonly signal: AbortSignal },
): Promise<void> {
  if (!disk.isThere(from)) return;
  await disk.makeFolder(to);
  for (const name of await disk.list(from)) {
    signal.throwIfAborted();
    if (name !== "lock") await disk.copy(`${from}/${name}`, `${to}/${name}`);
  }
  await disk.files(to).syncFolder();
}

/** Whether a recovery of a folder was cut off between its renames. */
export function isCutOff(data: string, disk: RecoveryDisk): boolean {
  const plain = data.replace(/(?<=.)\/+$/, "");
  return !disk.isThere(plain) && disk.isThere(recoveringOf(plain));
}

/** Goes on with a recovery that was cut off between its renames; `null`: there is none. */
export async function finish(data: string, disk: RecoveryDisk): Promise<Recovered | null> {
  const next = recoveringOf(data);
  if (!isCutOff(data, disk)) return null;
  const folder = await readFolder(disk.files(next), null);
  if (folder === null) return null;
  await attempt(`rename ${next}`, () => disk.rename(next, data));
  const parent = data.includes("/") ? data.slice(0, data.lastIndexOf("/") + 1) : "";
  const kept = `${data.slice(parent.length)}.before-`;
  const names = await folderNames(parent === "" ? "." : parent);
  const latest = names.filter((name) => name.startsWith(kept)).sort().at(-1);
  return { clusterId: folder.identity.clusterId, kept: `${parent}${latest ?? kept}` };
}

async function folderNames(folder: string): Promise<readonly string[]> {
  return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
}
