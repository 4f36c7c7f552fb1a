/**
 * The check of `--existing`. It runs before the storage is opened, since that would make the
 * folder.
 *
 * @module
 */

import { StorageError } from "../../raft/mod.ts";

/** Refuses a folder that does not exist. */
export async function checkExisting(folder: string): Promise<void> {
  try {
    await Deno.stat(folder);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new StorageError("empty", `the folder ${folder} does not exist`);
  }
}
