/**
 * Storage on atomically renamed files, over the {@linkcode Files} port. `docs/protocol.md`, "Files on
 * disk", has the bytes; this file has the order of the steps, which is what a crash sees:
 *
 * - a save: vote, then snapshot, then log, then what is no longer needed is removed;
 * - every file: written as `*.tmp`, synced, renamed, folder synced; only the newest log segment grows;
 * - after a failed step nothing more is written: what the disk then holds, the next start finds out.
 *
 * @module
 */

import { FileLog, SEGMENT_BYTES_LEAST } from "./file_log.ts";
import {
  isTemporary,
  type Progress,
  recover,
  type Recovered,
  SLICE_BYTES,
  snapshotName,
  type Trimmed,
  VOTE_FILE,
} from "./file_recovery.ts";
import {
  baseOf,
  checkSave,
  EMPTY,
  type Files,
  invariant,
  InvariantError,
  isSame,
  ORIGIN,
  type Persistent,
  type Position,
  type Save,
  type Snapshot,
  type Storage,
  type Vote,
} from "../core/mod.ts";
import { checkIdentity, encodeFileHeader, type Identity, RECORD_HEADER_BYTES } from "./record.ts";
import { StorageError, storageErrorOf } from "./storage_error.ts";
import { crc32 } from "./crc32.ts";

/** What a {@linkcode FileStorage} is made of. */
export interface FileStorageOptions {
  /** The folder. */
  readonly files: Files;
  /** Whose folder it is, or becomes. */
  readonly identity: Identity;
  /** Whether an empty folder is made into one of this node. False after a first start (D8). @default {true} */
  readonly create?: boolean;
  /** Size at which a log segment is followed by the next. @default {16 MiB} */
  readonly segmentBytesMax?: number;
  /** Size of the pieces in which a large save is written. @default {256 KiB} */
  readonly recordBytesMax?: number;
  /** Told while {@linkcode FileStorage.load} reads. */
  readonly progress?: Progress;
  /** Told when the end of the log was cut off: a save that a crash interrupted. */
  readonly trimmed?: (what: Trimmed) => void;
}

const SEGMENT_BYTES = 16 * 2 ** 20;
const RECORD_BYTES = 256 * 2 ** 10;
const NO_DATA = new Uint8Array();

/** What the folder takes on disk. */
export interface StorageSizes {
  /** What the segments of the log take. */
  readonly logBytes: number;
  /** What the snapshot takes. */
  readonly snapshotBytes: number;
}

/**
 * Durable state of one node in one folder.
 *
 * @example
 * ```ts
 * import { DenoFiles, FileStorage } from "@kontiki/kontiki";
 *
 * const folder = await Deno.makeTempDir();
 * const identity = { cluster: "example", node: 1 };
 * const storage = new FileStorage({ files: new DenoFiles(folder), identity });
 * const { term } = await storage.load();
 * console.assert(term === 0, "the folder is new");
 * await storage.close();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class FileStorage implements Storage {
  readonly #options: FileStorageOptions;
  readonly #files: Files;
  #state: "new" | "open" | "closed" = "new";
  /** Why nothing can be saved any more. */
  #failure: unknown = null;
  #vote: Vote = EMPTY;
  #snapshot: { readonly last: Position; readonly bytes: number } | null = null;
  #log: FileLog | null = null;
  /** The snapshot that lies, or soon will lie, ready as a temporary file. */
  #prepared: { readonly snapshot: Snapshot; readonly written: Promise<void> } | null = null;
  #sequence = 0;

  /** Nothing is read before `load`. */
  constructor(options: FileStorageOptions) {
    checkIdentity(options.identity);
    checkBytes("segmentBytesMax", options.segmentBytesMax ?? SEGMENT_BYTES, SEGMENT_BYTES_LEAST);
    checkBytes("recordBytesMax", options.recordBytesMax ?? RECORD_BYTES, RECORD_HEADER_BYTES);
    this.#options = options;
    this.#files = options.files;
  }

  /** Locks, checks and reads the folder, and makes it ready for the first save. */
  load(): Promise<Persistent> {
    invariant(this.#state === "new", `Cannot load a storage that is ${this.#state}`);
    this.#state = "open";
    const loading = this.#guarded(async () => {
      if (!await this.#files.lock()) {
        throw new StorageError("locked", "another process uses the folder");
      }
      const { identity, progress } = this.#options;
      const found = await recover(this.#files, { identity, progress });
      if (found === null && this.#options.create === false) {
        throw new StorageError("empty", "the folder holds nothing");
      }
      await this.#resume(found ?? await this.#format());
      return found?.persistent ?? EMPTY;
    });
    return loading.catch(async (error: unknown) => {
      await this.close();
      throw error;
    });
  }

  save(change: Save): Promise<void> {
    invariant(this.#state === "open", `Cannot save to a storage that is ${this.#state}`);
    return this.#guarded(async () => {
      const log = this.#log;
      invariant(log !== null, "Cannot save before the storage is loaded");
      checkSave(this.#persistentOf(log), change);
      const { vote, snapshot, tail } = change;
      if (vote !== null) await this.#writeVote(vote);
      const before = this.#snapshot?.last;
      if (snapshot !== null) {
        await this.#writeSnapshot(snapshot);
        await log.compact(snapshot.last);
      }
      if (tail !== null) await log.write(tail);
      const garbage = log.takeGarbage();
      if (snapshot !== null && before !== undefined && !isSame(before, snapshot.last)) {
        garbage.push(snapshotName(before));
      }
      await this.#remove(garbage);
    });
  }

  prepare(snapshot: Snapshot): Promise<void> {
    invariant(this.#state === "open", `Cannot prepare in a storage that is ${this.#state}`);
    const before = this.#prepared;
    const written = this.#guarded(async () => {
      if (before !== null) await this.#forget(before);
      const parts = snapshotParts(this.#options.identity, snapshot);
      await this.#writeTemporary(snapshotName(snapshot.last), parts);
    });
    this.#prepared = { snapshot, written };
    return written;
  }

  /** Waits for a snapshot that is being prepared; its end does not matter any more. */
  async close(): Promise<void> {
    this.#state = "closed";
    await this.#prepared?.written.catch(() => null);
    await this.#log?.close();
    await this.#files.close();
  }

  /** What the files take at the moment. */
  sizes(): StorageSizes {
    return { logBytes: this.#log?.bytes ?? 0, snapshotBytes: this.#snapshot?.bytes ?? 0 };
  }

  /** Runs a step; the first failure is final (D3). */
  async #guarded<T>(step: () => Promise<T>): Promise<T> {
    if (this.#failure !== null) throw this.#failure;
    try {
      return await step();
    } catch (error) {
      this.#failure = error instanceof InvariantError ? error : storageErrorOf(error);
      throw this.#failure;
    }
  }

  /** What checkSave needs of the state: everything except the image. */
  #persistentOf(log: FileLog): Persistent {
    const snapshot = this.#snapshot === null ? null : {
      last: this.#snapshot.last,
      data: NO_DATA,
    };
    return { ...this.#vote, snapshot, entries: log.entries };
  }

  /** The first vote file makes the folder ours, before anything else is in it. */
  async #format(): Promise<Recovered> {
    await this.#writeVote(EMPTY);
    const { identity } = this.#options;
    return { persistent: EMPTY, identity, segments: [], sequence: 0, trimmed: null, garbage: [] };
  }

  /**
   * Makes durable what was read, because a process that was killed may have left it unsynced; only
   * then goes what it replaced.
   */
  async #resume({ persistent, segments, sequence, trimmed, garbage }: Recovered): Promise<void> {
    if (trimmed !== null) this.#options.trimmed?.(trimmed);
    const { term, votedFor, snapshot, entries } = persistent;
    this.#vote = { term, votedFor };
    if (snapshot !== null) {
      this.#snapshot = { last: snapshot.last, bytes: snapshot.data.length };
    }
    this.#log = new FileLog({
      files: this.#files,
      identity: this.#options.identity,
      segmentBytesMax: this.#options.segmentBytesMax ?? SEGMENT_BYTES,
      recordBytesMax: this.#options.recordBytesMax ?? RECORD_BYTES,
      begun: (sequence) => {
        this.#sequence = sequence;
        return this.#writeVote(this.#vote);
      },
      segments,
      sequence,
      base: baseOf(persistent),
      entries,
    });
    await this.#remove(garbage.filter(isTemporary));
    await this.#log.renew();
    const replaced = garbage.filter((name) => !isTemporary(name));
    await this.#remove([...replaced, ...this.#log.takeGarbage()]);
  }

  /** Replaces the vote file, which also names what else must be in the folder at least. */
  async #writeVote({ term, votedFor }: Vote): Promise<void> {
    const least = this.#snapshot?.last ?? ORIGIN;
    const numbers = [term, votedFor ?? 0, this.#sequence, least.index, least.term] as const;
    const { identity } = this.#options;
    await this.#writeTemporary(VOTE_FILE, [encodeFileHeader({ letter: "V", identity, numbers })]);
    await this.#renameTemporary(VOTE_FILE);
    this.#vote = { term, votedFor };
  }

  async #writeSnapshot({ last, data }: Snapshot): Promise<void> {
    const name = snapshotName(last);
    const prepared = this.#prepared;
    this.#prepared = null;
    if (prepared?.snapshot.data === data && isSame(prepared.snapshot.last, last)) {
      await prepared.written;
    } else {
      if (prepared !== null) await this.#forget(prepared);
      await this.#writeTemporary(name, snapshotParts(this.#options.identity, { last, data }));
    }
    await this.#renameTemporary(name);
    this.#snapshot = { last, bytes: data.length };
    await this.#writeVote(this.#vote);
  }

  /** Removes what was prepared for a save that never came. */
  async #forget(prepared: { snapshot: Snapshot; written: Promise<void> }): Promise<void> {
    await prepared.written;
    await this.#files.remove(`${snapshotName(prepared.snapshot.last)}.tmp`);
  }

  /** A file that counts for nothing until it is renamed; a start removes it. */
  async #writeTemporary(name: string, parts: Iterable<Uint8Array>): Promise<void> {
    const file = await this.#files.create(`${name}.tmp`);
    for (const part of parts) await file.append(part);
    await file.sync();
    await file.close();
  }

  /** The only way a name comes to stand for other bytes (D2, D9). */
  async #renameTemporary(name: string): Promise<void> {
    await this.#files.rename(`${name}.tmp`, name);
    await this.#files.syncFolder();
  }

  /** Unsynced: a name that comes back after a crash is garbage again. */
  async #remove(names: readonly string[]): Promise<void> {
    for (const name of names) await this.#files.remove(name);
  }
}

function checkBytes(name: string, bytes: number, least: number): void {
  if (Number.isInteger(bytes) && bytes >= least && bytes <= 2 ** 31) return;
  throw new RangeError(`Cannot use ${name}: wanted ${least} to 2^31 bytes, got ${bytes}`);
}

/** The bytes of a snapshot's file, in slices. */
function* snapshotParts(identity: Identity, { last, data }: Snapshot): Generator<Uint8Array> {
  const numbers = [last.index, last.term, data.length, 0, 0] as const;
  yield encodeFileHeader({ letter: "S", identity, numbers });
  let checksum = 0;
  for (let at = 0; at < data.length; at += SLICE_BYTES) {
    const slice = data.subarray(at, at + SLICE_BYTES);
    checksum = crc32(slice, checksum);
    yield slice;
  }
  const end = new Uint8Array(4);
  new DataView(end.buffer).setUint32(0, checksum, true);
  yield end;
}
