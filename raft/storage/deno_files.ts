/**
 * {@linkcode Files} on the real disk: the only file of this folder that knows Deno.
 *
 * It decides nothing about order. Its one policy is where a sync runs: small ones on this thread
 * while the disk is fast, because a trip to another thread costs as much as the sync itself; all
 * others elsewhere, so that a slow disk never holds the event loop for long.
 *
 * @module
 */

import type { ByteRange, Files, ReadFile, WritableFile } from "../core/mod.ts";

const LOCK_FILE = "lock";
/** Other users of the machine have no access to a data folder. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** Bytes written beyond this before a sync are written by another thread: a copy of 0.1 ms. */
const INLINE_WRITE_BYTES_MAX = 256 * 1024;
/** More unsynced bytes mean that requests queue: an asynchronous sync lets them gather meanwhile. */
const INLINE_SYNC_BYTES_MAX = 1024;
/** A disk whose syncs take longer on average never blocks this thread. */
const INLINE_SYNC_MS_MAX = 0.5;
/**
 * How long the lock may be busy before it counts as taken: a child process holds copies of all open
 * files from its fork to its exec.
 */
const LOCK_WAIT_MS = 500;
const LOCK_PAUSE_MS = 20;
/** The time until a full disk is tried again. */
const FULL_DISK_PAUSE_MS = 1000;

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
  /** The recent time of a sync on this disk. */
  readonly #pace = { syncMs: INLINE_SYNC_MS_MAX };
  /** Ends the pauses under way. */
  readonly #closed = new AbortController();

  /** The files of this folder, which must exist. */
  constructor(folder: string) {
    this.#folder = folder.replace(/(?<=.)\/+$/, "");
  }

  async lock(): Promise<boolean> {
    await makeFolder(this.#folder);
    const options = { create: true, read: true, write: true, mode: FILE_MODE };
    const file = await Deno.open(this.#path(LOCK_FILE), options);
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

  /** The length of the file. */
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

  async create(name: string): Promise<WritableFile> {
    const options = { create: true, write: true, truncate: true, mode: FILE_MODE };
    return new DenoWritableFile(await Deno.open(this.#path(name), options), this.#pace);
  }

  async reopen(name: string): Promise<WritableFile> {
    const file = await Deno.open(this.#path(name), { write: true });
    return new DenoWritableFile(file, this.#pace, (await file.stat()).size);
  }

  rename(from: string, to: string): Promise<void> {
    return Deno.rename(this.#path(from), this.#path(to));
  }

  /** Removes the file. */
  remove(name: string): Promise<void> {
    return Deno.remove(this.#path(name));
  }

  syncFolder(): Promise<void> {
    return syncFolder(this.#folder);
  }

  pause(): Promise<void> {
    const { signal } = this.#closed;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, signal.aborted ? 0 : FULL_DISK_PAUSE_MS);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Unlocks before it closes: a copy of the open file in a child process would keep the lock. */
  close(): Promise<void> {
    this.#closed.abort();
    this.#lock?.unlockSync();
    this.#lock?.close();
    this.#lock = null;
    return Promise.resolve();
  }

  #path(name: string): string {
    return `${this.#folder}/${name}`;
  }
}

class DenoWritableFile implements WritableFile {
  readonly #file: Deno.FsFile;
  readonly #pace: { syncMs: number };
  /** Where the system's file position is. */
  #position = 0;
  /** The length of the file. */
  #length: number;
  #unsyncedBytes = 0;

  constructor(file: Deno.FsFile, pace: { syncMs: number }, length = 0) {
    this.#file = file;
    this.#pace = pace;
    this.#length = length;
  }

  async append(bytes: Uint8Array): Promise<void> {
    const offset = this.#length;
    this.#length += bytes.length;
    await this.write(bytes, offset);
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    if (offset !== this.#position) this.#file.seekSync(offset, Deno.SeekMode.Start);
    this.#position = offset;
    this.#unsyncedBytes += bytes.length;
    let rest = bytes;
    while (rest.length > 0) {
      const inline = this.#unsyncedBytes <= INLINE_WRITE_BYTES_MAX;
      const count = inline ? this.#file.writeSync(rest) : await this.#file.write(rest);
      this.#position += count;
      rest = rest.subarray(count);
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

  read(
    { offset, length }: ByteRange,
    into: Uint8Array<ArrayBuffer> = new Uint8Array(length),
  ): Uint8Array<ArrayBuffer> {
    const bytes = into.subarray(0, length);
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
  await Deno.mkdir(folder, { recursive: true, mode: FOLDER_MODE });
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
