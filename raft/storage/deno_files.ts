/**
 * {@linkcode Files} on the real disk: the only file of this folder that knows Deno.
 *
 * It decides nothing about order. Its one policy is where a sync runs: small ones on this thread
 * while the disk is fast, because a trip to another thread costs as much as the sync itself; all
 * others elsewhere, so that a slow disk never holds the event loop for long.
 *
 * @module
 */

import type { AppendFile, ByteRange, Files, ReadFile } from "../core/mod.ts";

const LOCK_FILE = "lock";
/** What is appended beyond this before a sync is written by another thread: a copy of 0.1 ms. */
const INLINE_APPEND_BYTES_MAX = 256 * 1024;
/** Larger amounts of unsynced bytes mean that requests queue: let them gather meanwhile. */
const INLINE_SYNC_BYTES_MAX = 1024;
/** A disk whose syncs take longer on average is waited for elsewhere. */
const INLINE_SYNC_MS_MAX = 0.5;
/**
 * How long a lock is waited for before it counts as taken: a program that is just being started
 * from another process holds, until it begins, copies of all that is open there.
 */
const LOCK_WAIT_MS = 500;
const LOCK_PAUSE_MS = 20;

/**
 * A folder of the real disk. Nothing happens before {@linkcode lock} or the first read.
 *
 * @example
 * ```ts
 * import { DenoFiles } from "@kontiki/kontiki";
 *
 * const folder = await Deno.makeTempDir();
 * const files = new DenoFiles(folder);
 * if (await files.lock()) console.log("no other process uses it:", await files.list());
 * await files.close();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class DenoFiles implements Files {
  readonly #folder: string;
  #lock: Deno.FsFile | null = null;
  /** How long a sync takes on this disk lately. */
  readonly #pace = { syncMs: INLINE_SYNC_MS_MAX };

  /** The files of this folder, which must exist. */
  constructor(folder: string) {
    this.#folder = folder.replace(/(?<=.)\/+$/, "");
  }

  async lock(): Promise<boolean> {
    await makeFolder(this.#folder);
    const file = await Deno.open(this.#path(LOCK_FILE), { create: true, read: true, write: true });
    if (!await tryLock(file)) return false;
    this.#lock = file;
    return true;
  }

  async list(): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const { name } of Deno.readDir(this.#folder)) {
      if (name !== LOCK_FILE) names.push(name);
    }
    return names;
  }

  /** How long the file is. */
  async size(name: string): Promise<number> {
    return (await Deno.stat(this.#path(name))).size;
  }

  async read(name: string, { offset, length }: ByteRange): Promise<Uint8Array<ArrayBuffer>> {
    using file = await Deno.open(this.#path(name), { read: true });
    if (offset > 0) await file.seek(offset, Deno.SeekMode.Start);
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = await file.read(bytes.subarray(done));
      if (count === null) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }

  async open(name: string): Promise<ReadFile> {
    return new DenoReadFile(await Deno.open(this.#path(name), { read: true }));
  }

  async create(name: string): Promise<AppendFile> {
    const options = { create: true, write: true, truncate: true };
    return new DenoAppendFile(await Deno.open(this.#path(name), options), this.#pace);
  }

  rename(from: string, to: string): Promise<void> {
    return Deno.rename(this.#path(from), this.#path(to));
  }

  /** Takes the file away. */
  remove(name: string): Promise<void> {
    return Deno.remove(this.#path(name));
  }

  syncFolder(): Promise<void> {
    return syncFolder(this.#folder);
  }

  /** Gives the lock back by its name: closing alone leaves it with copies of the open file. */
  close(): Promise<void> {
    this.#lock?.unlockSync();
    this.#lock?.close();
    this.#lock = null;
    return Promise.resolve();
  }

  #path(name: string): string {
    return `${this.#folder}/${name}`;
  }
}

class DenoAppendFile implements AppendFile {
  readonly #file: Deno.FsFile;
  readonly #pace: { syncMs: number };
  #unsyncedBytes = 0;

  constructor(file: Deno.FsFile, pace: { syncMs: number }) {
    this.#file = file;
    this.#pace = pace;
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#unsyncedBytes += bytes.length;
    let rest = bytes;
    while (rest.length > 0) {
      const inline = this.#unsyncedBytes <= INLINE_APPEND_BYTES_MAX;
      rest = rest.subarray(inline ? this.#file.writeSync(rest) : await this.#file.write(rest));
    }
  }

  async sync(): Promise<void> {
    const inline = this.#unsyncedBytes <= INLINE_SYNC_BYTES_MAX &&
      this.#pace.syncMs < INLINE_SYNC_MS_MAX;
    const begin = performance.now();
    if (inline) this.#file.syncDataSync();
    else await this.#file.syncData();
    this.#unsyncedBytes = 0;
    this.#pace.syncMs += (performance.now() - begin - this.#pace.syncMs) / 8;
  }

  close(): Promise<void> {
    this.#file.close();
    return Promise.resolve();
  }
}

class DenoReadFile implements ReadFile {
  readonly #file: Deno.FsFile;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  read({ offset, length }: ByteRange): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    let done = 0;
    while (done < length) {
      const count = this.#file.readSync(bytes.subarray(done));
      if (count === null) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }

  close(): void {
    this.#file.close();
  }
}

/** Makes the folder and what is missing above it, each name durable in the folder above. */
async function makeFolder(folder: string): Promise<void> {
  const made: string[] = [];
  for (let path = folder; !await exists(path); path = parentOf(path)) made.push(path);
  await Deno.mkdir(folder, { recursive: true });
  for (const path of made.toReversed()) await syncFolder(parentOf(path));
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  if (slash < 0) return ".";
  return slash === 0 ? "/" : path.slice(0, slash);
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  using handle = await Deno.open(folder, { read: true });
  await handle.sync();
}

/** An exclusive lock that ends with the process, however it ends. Closes the file if it is taken. */
async function tryLock(file: LockFile): Promise<boolean> {
  if (file.tryLock === undefined) return await lockByWaiting(file);
  const deadline = performance.now() + LOCK_WAIT_MS;
  while (!await file.tryLock(true)) {
    if (performance.now() > deadline) {
      file.close();
      return false;
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE_MS));
  }
  return true;
}

/** For an old Deno, which can wait for a lock and not give up: the file is closed when it gets it. */
async function lockByWaiting(file: LockFile): Promise<boolean> {
  const waiting = file.lock(true).then(() => true);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), LOCK_WAIT_MS);
  });
  const locked = await Promise.race([waiting, timeout]);
  clearTimeout(timer);
  if (!locked) waiting.then(() => file.close());
  return locked;
}

/** What a lock needs of a file; Deno 2.4 can only wait. */
interface LockFile {
  lock(exclusive: boolean): Promise<void>;
  tryLock?(exclusive: boolean): Promise<boolean>;
  close(): void;
}
