/**
 * What a recovery does to folders. Its test ends it after each of these calls.
 *
 * @module
 */

import { isThere } from "../../cluster/mod.ts";
import { DenoFiles, type Files } from "../../../raft/mod.ts";

/** Folders and the files in them, by path. */
export interface RecoveryDisk {
  /** The files of a folder. */
  files(folder: string): Files;
  isThere(path: string): boolean;
  /** The names of the files in a folder. */
  list(folder: string): Promise<readonly string[]>;
  makeFolder(folder: string): Promise<void>;
  /** Copies a file; the copy is durable, its name is not. */
  copy(from: string, to: string): Promise<void>;
  /** Renames a folder, durably. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a folder with all that is in it. */
  remove(folder: string): Promise<void>;
}

/** The disk of this machine. */
export const realDisk: RecoveryDisk = {
  files: (folder) => new DenoFiles(folder),
  isThere,
  list: async (folder) => {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.filter(({ isFile }) => isFile).map(({ name }) => name);
  },
  makeFolder: (folder) => Deno.mkdir(folder, { mode: 0o700 }),
  copy: async (from, to) => {
    await Deno.copyFile(from, to);
    using file = await Deno.open(to, { write: true });
    await file.sync();
  },
  rename: async (from, to) => {
    await Deno.rename(from, to);
    await new DenoFiles(`${to}/..`).syncFolder();
  },
  remove: (folder) => Deno.remove(folder, { recursive: true }),
};
