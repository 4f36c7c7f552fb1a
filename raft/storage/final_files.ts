/**
 * Writing for the storage: not at all after a failure, and new files whole or not at all.
 *
 * @module
 */

import { type Files, InvariantError, type WritableFile } from "../core/mod.ts";
import { StorageError, storageErrorOf } from "./storage_error.ts";

/** The disk is full, while a file was written that is not needed yet. */
class NoRoom extends Error {}

/**
 * Files whose first failed call is the last: every later one fails alike, whatever part of the storage
 * makes it (D3). Only a full disk is no end for a temporary file, which counts for nothing.
 */
export class FinalFiles implements Files {
  readonly #files: Files;
  #failure: Error | null = null;

  /** Wraps the files. */
  constructor(files: Files) {
    this.#files = files;
  }

  /** Ends all use of the files, and returns the first reason. */
  fail(error: unknown): Error {
    return this.#failure ??= error instanceof InvariantError ? error : storageErrorOf(error);
  }

  lock: Files["lock"] = () => this.#run("", () => this.#files.lock());
  list: Files["list"] = () => this.#run("", () => this.#files.list());
  size: Files["size"] = (name) => this.#run("", () => this.#files.size(name));
  open: Files["open"] = (name) => this.#run("", () => this.#files.open(name));
  read: Files["read"] = (name, range) => this.#run("", () => this.#files.read(name, range));
  rename: Files["rename"] = (from, to) => this.#run("", () => this.#files.rename(from, to));
  remove: Files["remove"] = (name) => this.#run("", () => this.#files.remove(name));
  syncFolder: Files["syncFolder"] = () => this.#run("", () => this.#files.syncFolder());
  pause: Files["pause"] = () => this.#files.pause();
  close: Files["close"] = () => this.#files.close();

  async create(name: string): Promise<WritableFile> {
    return this.#final(name, await this.#run(name, () => this.#files.create(name)));
  }

  async reopen(name: string): Promise<WritableFile> {
    return this.#final(name, await this.#run(name, () => this.#files.reopen(name)));
  }

  #final(name: string, file: WritableFile): WritableFile {
    return {
      append: (bytes) => this.#run(name, () => file.append(bytes)),
      write: (bytes, offset) => this.#run(name, () => file.write(bytes, offset)),
      sync: () => this.#run(name, () => file.sync()),
      close: () => file.close(),
    };
  }

  async #run<T>(name: string, call: () => Promise<T>): Promise<T> {
    if (this.#failure !== null) throw this.#failure;
    try {
      return await call();
    } catch (error) {
      const { kind, problem } = storageErrorOf(error);
      if (kind === "full" && name.endsWith(".tmp")) throw new NoRoom(problem, { cause: error });
      throw this.fail(error);
    }
  }
}

/** Bytes written before a sync, so that saves in between do not wait for the whole file. */
const SYNC_BYTES = 4 * 2 ** 20;

/** Writes and syncs a new file. Returns why, and removes the file, if the disk is full. */
export async function writeFile(
  files: FinalFiles,
  name: string,
  parts: Iterable<Uint8Array>,
): Promise<StorageError | null> {
  let isMade = false;
  try {
    const file = await files.create(name);
    isMade = true;
    try {
      await writeParts(file, parts);
    } finally {
      await file.close();
    }
    return null;
  } catch (error) {
    if (!(error instanceof NoRoom)) throw error;
    if (isMade) await files.remove(name);
    return new StorageError("full", error.message, { file: name, cause: error.cause });
  }
}

async function writeParts(file: WritableFile, parts: Iterable<Uint8Array>): Promise<void> {
  let offset = 0;
  let synced = 0;
  for (const part of parts) {
    await file.append(part);
    offset += part.length;
    if (offset - synced < SYNC_BYTES) continue;
    await file.sync();
    synced = offset;
  }
  if (offset > synced) await file.sync();
}
