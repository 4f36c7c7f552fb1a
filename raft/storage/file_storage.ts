/**
 * Storage on atomically renamed files, over the {@linkcode Files} port. `docs/protocol.md`, "Files on
 * disk", has the bytes; this file has the order of the steps, which is what a crash sees:
 *
 * - a save: vote, then snapshot, then log, then what is no longer needed is removed;
 * - every file: written as `*.tmp`, synced, renamed, folder synced; only log segments are written later;
 * - after a failed step nothing more is written: what the disk then holds, the next start finds out.
 *
 * A full disk is no failure: a file that could not be written does not count, and is written again
 * until there is room. Only a prepared snapshot, which nothing needs, is given up.
 *
 * @module
 */

import { FinalFiles, writeFile } from "./final_files.ts";
import { FileLog } from "./file_log.ts";
import { isTemporary, SLICE_BYTES, snapshotName, type Trimmed, VOTE_FILE } from "./file_reading.ts";
import { type OpeningProgress, recover, type Recovered } from "./file_recovery.ts";
import {
  baseOf,
  checkSave,
  EMPTY,
  type Files,
  invariant,
  isSame,
  lastOf,
  ORIGIN,
  type Persistent,
  type Position,
  type Save,
  type Snapshot,
  type Storage,
  type Vote,
} from "../core/mod.ts";
import {
  checkIdentity,
  crc32,
  drawId,
  encodeFileHeader,
  type ExpectedIdentity,
  type Identity,
  RECORD_HEADER_BYTES,
} from "./format/mod.ts";
import { SEGMENT_BYTES_LEAST, SegmentMaker } from "./segment_maker.ts";
import { encodeSnapshotHead } from "./snapshot_head.ts";
import { StorageError } from "./storage_error.ts";

/** Options of a {@linkcode FileStorage}. */
export interface FileStorageOptions {
  /** The folder. */
  readonly files: Files;
  /** The owner of the folder. An incarnation that is left out is drawn for a new folder. */
  readonly identity: ExpectedIdentity;
  /** Whether an empty folder becomes this node's; false after a first start (D8). @default {true} */
  readonly create?: boolean;
  /** Size of a log segment; the first ones are smaller. @default {16 MiB} */
  readonly segmentBytesMax?: number;
  /** Size of the pieces in which a large save is written. @default {256 KiB} */
  readonly recordBytesMax?: number;
  /** Called with the term and the last index when the folder is loaded. */
  readonly loaded?: (held: Position) => void;
  /** Called while {@linkcode FileStorage.load} reads. */
  readonly progress?: OpeningProgress;
  /** Called when the end of the log was trimmed: a save that a crash interrupted. */
  readonly trimmed?: (what: Trimmed) => void;
  /** Called with the error when the disk is full, and with `null` when it has room again. */
  readonly full?: (error: StorageError | null) => void;
}

const SEGMENT_BYTES = 16 * 2 ** 20;
const RECORD_BYTES = 256 * 2 ** 10;
const NO_DATA = new Uint8Array();

/** The size of a folder on disk. */
export interface StorageSizes {
  /** Bytes of the segments of the log. */
  readonly segmentBytes: number;
  /** Bytes of the snapshot. */
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
  /** The files. Their first failure ends this storage. */
  readonly #files: FinalFiles;
  /** Resolves when nothing waits for room any more. */
  readonly #ending = Promise.withResolvers<true>();
  #state: "new" | "opening" | "open" | "closed" = "new";
  #identity: Identity;
  #vote: Vote = EMPTY;
  #snapshot: Omit<Snapshot, "data"> & { readonly bytes: number } | null = null;
  #log: FileLog | null = null;
  /** The snapshot being prepared, or ready, as a temporary file; `false`: abandoned. */
  #prepared: { readonly snapshot: Snapshot; readonly written: Promise<boolean> } | null = null;
  #maker: SegmentMaker | null = null;
  /** The newest segment that was made. */
  #sequence = 0;
  /** The vote file is replaced by saves and, when a segment was made, beside them. */
  #voteWritten: Promise<void> = Promise.resolve();
  /** Kinds of files that could not be written lately because the disk is full. */
  readonly #lacking = new Set<string>();

  /** Makes a storage; `load` reads the folder. */
  constructor(options: FileStorageOptions) {
    checkIdentity(options.identity);
    checkBytes("segmentBytesMax", options.segmentBytesMax ?? SEGMENT_BYTES, SEGMENT_BYTES_LEAST);
    checkBytes("recordBytesMax", options.recordBytesMax ?? RECORD_BYTES, RECORD_HEADER_BYTES);
    this.#options = options;
    this.#identity = { clusterId: "", incarnation: drawId(), ...options.identity };
    this.#files = new FinalFiles(options.files);
  }

  /** Whose folder it is; the ids of an old folder are known once it is loaded. */
  get identity(): Identity {
    return this.#identity;
  }

  /** Locks, checks and reads the folder, and makes it ready for the first save. */
  load(): Promise<Persistent> {
    invariant(this.#state === "new", `Cannot load a storage that is ${this.#state}`);
    this.#state = "opening";
    const loading = this.#guarded(async () => {
      if (!await this.#files.lock()) {
        throw new StorageError("locked", "another process uses the folder");
      }
      const { identity, progress } = this.#options;
      const found = await recover(this.#files, { identity, progress });
      if (found === null && this.#options.create === false) {
        throw new StorageError("empty", "the folder holds nothing");
      }
      if (found !== null) this.#identity = found.identity;
      const log = await this.#resume(found ?? await this.#format());
      this.#state = "open";
      log.makeAhead();
      const persistent = found?.persistent ?? EMPTY;
      this.#options.loaded?.({ index: lastOf(persistent).index, term: persistent.term });
      return persistent;
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

  prepare(snapshot: Snapshot): Promise<boolean> {
    invariant(this.#state === "open", `Cannot prepare in a storage that is ${this.#state}`);
    const before = this.#prepared;
    const written = this.#guarded(async () => {
      if (before !== null) await this.#forget(before);
      const parts = snapshotParts(this.#identity, snapshot);
      return await this.#writeTemporary(snapshotName(snapshot.last), parts) === null;
    });
    this.#prepared = { snapshot, written };
    return written;
  }

  /** False: the disk is full. The segment in use takes what was proposed already. */
  get hasRoom(): boolean {
    return !this.#lacking.has("log") && !this.#lacking.has(VOTE_FILE);
  }

  stopWaiting(): void {
    this.#ending.resolve(true);
  }

  /** Waits for files that are being written ahead, whether they succeed or fail. */
  async close(): Promise<void> {
    this.#state = "closed";
    this.stopWaiting();
    await Promise.allSettled([this.#prepared?.written]);
    await this.#maker?.close();
    await this.#log?.close();
    await this.#files.close();
  }

  /** The present size of the files. */
  sizes(): StorageSizes {
    return { segmentBytes: this.#log?.bytes ?? 0, snapshotBytes: this.#snapshot?.bytes ?? 0 };
  }

  /** Runs a step; the first failure is final (D3). */
  async #guarded<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      throw this.#files.fail(error);
    }
  }

  /** What checkSave needs of the state: everything except the image. */
  #persistentOf(log: FileLog): Persistent {
    const snapshot = this.#snapshot === null ? null : {
      last: this.#snapshot.last,
      members: this.#snapshot.members,
      data: NO_DATA,
    };
    return { ...this.#vote, snapshot, entries: log.entries };
  }

  /** The first vote file makes the folder this node's, before anything else is in it. */
  async #format(): Promise<Recovered> {
    await this.#writeVote(EMPTY);
    return {
      persistent: EMPTY,
      identity: this.#identity,
      segments: [],
      sequence: 0,
      least: 0,
      spare: null,
      trimmed: null,
      garbage: [],
    };
  }

  /**
   * Makes durable what was read, which a killed process may have left unsynced; then removes the
   * replaced files.
   */
  async #resume(found: Recovered): Promise<FileLog> {
    const { persistent, segments, sequence, spare, trimmed, garbage } = found;
    if (trimmed !== null) this.#options.trimmed?.(trimmed);
    const { term, votedFor, snapshot, entries } = persistent;
    this.#vote = { term, votedFor };
    if (snapshot !== null) {
      const { last, members, data } = snapshot;
      this.#snapshot = { last, members, bytes: data.length };
    }
    this.#sequence = found.least;
    const segmentBytesMax = this.#options.segmentBytesMax ?? SEGMENT_BYTES;
    const maker = this.#maker = new SegmentMaker({
      files: this.#files,
      identity: this.#identity,
      segmentBytesMax,
      write: (name, parts) => this.#writeUntilRoom(name, parts),
      made: (sequence) => this.#demandSegment(sequence),
    });
    const log = this.#log = new FileLog({
      maker,
      segmentBytesMax,
      recordBytesMax: this.#options.recordBytesMax ?? RECORD_BYTES,
      segments,
      sequence,
      base: baseOf(persistent),
      entries,
    });
    await this.#remove(garbage.filter(isTemporary));
    if (spare !== null) {
      await this.#demandSegment(spare.sequence);
      await maker.adopt(spare);
    }
    await log.renew();
    const replaced = garbage.filter((name) => !isTemporary(name));
    await this.#remove([...replaced, ...log.takeGarbage()]);
    return log;
  }

  /** A folder without this segment, or a later one, is refused from now on. */
  async #demandSegment(sequence: number): Promise<void> {
    if (sequence <= this.#sequence) return;
    this.#sequence = sequence;
    await this.#writeVote(null);
  }

  /** Replaces the vote file, after any replacement under way; `null`: the vote stays as it is. */
  #writeVote(vote: Vote | null): Promise<void> {
    const written = this.#voteWritten.then(() => this.#replaceVote(vote ?? this.#vote));
    this.#voteWritten = Promise.allSettled([written]).then(() => undefined);
    return written;
  }

  /** The vote file also names what else must be in the folder at least. */
  async #replaceVote({ term, votedFor }: Vote): Promise<void> {
    const least = this.#snapshot?.last ?? ORIGIN;
    const numbers = [term, votedFor ?? 0, this.#sequence, least.index, least.term] as const;
    const identity = this.#identity;
    const parts = [encodeFileHeader({ letter: "V", identity, numbers })];
    await this.#writeUntilRoom(VOTE_FILE, () => parts);
    await this.#renameTemporary(VOTE_FILE);
    this.#vote = { term, votedFor };
  }

  /**
   * No vote file has to demand the snapshot: without it the log begins too late, or holds all that
   * it covers. The next vote file names it nevertheless.
   */
  async #writeSnapshot(snapshot: Snapshot): Promise<void> {
    const { last, members, data } = snapshot;
    const name = snapshotName(last);
    const prepared = this.#prepared;
    this.#prepared = null;
    const isThis = prepared?.snapshot.data === data && isSame(prepared.snapshot.last, last);
    if (!isThis || !await prepared.written) {
      if (prepared !== null && !isThis) await this.#forget(prepared);
      await this.#writeUntilRoom(name, () => snapshotParts(this.#identity, snapshot));
    }
    await this.#renameTemporary(name);
    this.#snapshot = { last, members, bytes: data.length };
  }

  /** Removes a prepared snapshot whose save never came. */
  async #forget(prepared: { snapshot: Snapshot; written: Promise<boolean> }): Promise<void> {
    if (!await prepared.written) return;
    await this.#files.remove(`${snapshotName(prepared.snapshot.last)}.tmp`);
  }

  /** A start does not wait for room: the operator should see the error. */
  async #writeUntilRoom(name: string, parts: () => Iterable<Uint8Array>): Promise<void> {
    for (;;) {
      const error = await this.#writeTemporary(name, parts());
      if (error === null) return;
      if (this.#state === "opening") throw error;
      if (await Promise.race([this.#files.pause(), this.#ending.promise])) throw error;
    }
  }

  /**
   * A file that counts for nothing until it is renamed; a start removes it. Returns why if the disk is
   * full; then what was written is removed.
   */
  async #writeTemporary(name: string, parts: Iterable<Uint8Array>): Promise<StorageError | null> {
    const kind = name.slice(0, name.indexOf("-")) || name;
    const error = await writeFile(this.#files, `${name}.tmp`, parts);
    if (error !== null && !this.#lacking.has(kind)) {
      this.#lacking.add(kind);
      this.#options.full?.(error);
    } else if (error === null && this.#lacking.delete(kind) && this.#lacking.size === 0) {
      this.#options.full?.(null);
    }
    return error;
  }

  /** The only way in which a name gets other bytes (D2, D9). */
  async #renameTemporary(name: string): Promise<void> {
    await this.#files.rename(`${name}.tmp`, name);
    await this.#files.syncFolder();
  }

  /** Without a sync: a name that comes back after a crash is removed by the next start. */
  async #remove(names: readonly string[]): Promise<void> {
    for (const name of names) await this.#files.remove(name);
  }
}

function checkBytes(name: string, bytes: number, least: number): void {
  if (Number.isInteger(bytes) && bytes >= least && bytes <= 2 ** 31) return;
  throw new RangeError(`Cannot use ${name}: wanted ${least} to 2^31 bytes, got ${bytes}`);
}

/** The bytes of a snapshot's file, in slices: its header, its members, its image, their checksum. */
function* snapshotParts(identity: Identity, snapshot: Snapshot): Generator<Uint8Array> {
  const { last: { index, term, times }, data } = snapshot;
  const head = encodeSnapshotHead(snapshot.members);
  const numbers = [index, term, head.length + data.length, times.steady, times.wall] as const;
  yield Uint8Array.of(...encodeFileHeader({ letter: "S", identity, numbers }), ...head);
  let checksum = crc32(head);
  for (let at = 0; at < data.length; at += SLICE_BYTES) {
    const slice = data.subarray(at, at + SLICE_BYTES);
    checksum = crc32(slice, checksum);
    yield slice;
  }
  const end = new Uint8Array(4);
  new DataView(end.buffer).setUint32(0, checksum, true);
  yield end;
}
