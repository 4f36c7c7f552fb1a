/**
 * A disk in memory that does what real ones do: it forgets what was not synced, whole or sector by
 * sector and in any order; forgets names whose folder was not synced; fails, fills up, and lies after
 * a failed sync. It serves {@linkcode Files}, so that the shipped storage code runs on it.
 *
 * The model: bytes are durable after `sync`, name changes after `syncFolder`, each on its own. At a
 * power cut each unsynced sector of a file holds what it held before, or after any of the writes since
 * (beyond the old end of the file: zeros, or the file ends before it), and any subset of the unsynced
 * name changes survives. A rename is one change.
 *
 * @module
 */

import type { ByteRange, Clock, Files, Random, ReadFile, WritableFile } from "../../raft/mod.ts";

const SECTOR_BYTES = 512;
const ZEROS = new Uint8Array(SECTOR_BYTES);
/** The time until a full disk is tried again. */
const PAUSE_MS = 1000;

/** A call of {@linkcode Files}. */
export interface DiskOperation {
  readonly kind:
    | "lock"
    | "list"
    | "size"
    | "open"
    | "read"
    | "create"
    | "reopen"
    | "append"
    | "write"
    | "sync"
    | "rename"
    | "remove"
    | "pause"
    | "syncFolder";
  readonly name: string;
}

/** An error as the operating system would give it. */
export class DiskError extends Error {
  override readonly name = "DiskError";
  readonly code: string;
  constructor(code: string) {
    super(`${code} (simulated)`);
    this.code = code;
  }
}

/** The behaviour of a disk. */
export interface SimDiskOptions {
  /** The error with which the operation ends, perhaps after some effect. `null`: none. */
  readonly fault?: (operation: DiskOperation) => DiskError | null;
  /** Called after an operation that changed something. */
  readonly changed?: (operation: DiskOperation) => void;
  /** With a clock, an operation takes `delayMs` milliseconds. */
  readonly slow?: {
    readonly clock: Clock;
    readonly delayMs: (operation: DiskOperation) => number;
  };
}

/** A file's content, whatever its name. */
interface Inode {
  /** The bytes that a running process reads; at least as long as the file. */
  bytes: Uint8Array<ArrayBuffer>;
  length: number;
  /** The length of the file that is certain after a power cut. */
  durableLength: number;
  /**
   * For each sector written since the last sync: its bytes on the medium, and after each write but
   * the last. A power cut leaves any of these or the newest.
   */
  readonly dirty: Map<number, Uint8Array[]>;
  /**
   * For each sector whose sync failed: its bytes on the medium. It reads as written until a power
   * cut, and another sync does not write it again.
   */
  readonly lost: Map<number, Uint8Array>;
}

/** A change of names in the folder; `null` removes a name. */
type NameChange = ReadonlyMap<string, Inode | null>;

/** The files by name after a power cut. */
export type DiskImage = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** One disk with one folder. It outlives the processes that use it. */
export class SimDisk {
  readonly #options: SimDiskOptions;
  /** The names that a running process sees. */
  #names = new Map<string, Inode>();
  /** Names as of the last syncFolder. */
  #durableNames = new Map<string, Inode>();
  #changes: NameChange[] = [];
  /** The number of processes so far; handles of ended ones no longer work. */
  #life = 0;
  #locked = false;
  /** A write that would make the files together larger than this fails with ENOSPC. */
  capacityBytes = Infinity;
  /** Whether a write has found no room. */
  hasLackedRoom = false;

  constructor(image: DiskImage = new Map(), options: SimDiskOptions = {}) {
    this.#options = options;
    for (const [name, bytes] of image) {
      const inode = newInode(bytes.slice());
      this.#names.set(name, inode);
      this.#durableNames.set(name, inode);
    }
  }

  /** Opens the folder for a new process. Handles of a process that was not killed stay valid. */
  open(): Files {
    return new SimFiles(this, this.#life);
  }

  /** Kills the process (kill -9). The system goes on: nothing is lost, nothing becomes durable. */
  kill(): void {
    this.#life++;
    this.#locked = false;
  }

  /** Cuts the power: each unsynced effect survives or not, by the random numbers. */
  cutPower(random: Random): void {
    this.#restart(this.imageAfterPowerCut(random));
  }

  /** Cuts the power; nothing unsynced survives. */
  cutPowerHard(): void {
    this.#restart(this.imageAfterPowerCut(() => 0));
  }

  /** The files that a running process sees. */
  image(): DiskImage {
    return new Map([...this.#names].map(([name, inode]) => [name, visible(inode)]));
  }

  /** The files after a power cut now. `() => 0` loses every unsynced effect, `() => 0.99` none. */
  imageAfterPowerCut(random: Random): DiskImage {
    const names = new Map(this.#durableNames);
    for (const change of this.#changes) {
      if (random() < 0.5) continue;
      for (const [name, inode] of change) {
        if (inode === null) names.delete(name);
        else names.set(name, inode);
      }
    }
    const contents = new Map<Inode, Uint8Array<ArrayBuffer>>();
    for (const inode of names.values()) {
      if (!contents.has(inode)) contents.set(inode, survivingBytes(inode, random));
    }
    return new Map([...names].map(([name, inode]) => [name, contents.get(inode)!]));
  }

  /** Every outcome of a power cut now, or as many random ones if there are more. */
  imagesAfterPowerCut(random: Random, countMax: number): DiskImage[] {
    const images: DiskImage[] = [];
    const answers: number[] = [];
    do {
      let asked = 0;
      images.push(this.imageAfterPowerCut(() => answers[asked++] ??= 0));
      answers.length = asked;
      while (answers.at(-1) === 0.99) answers.pop();
      if (answers.length > 0) answers[answers.length - 1] = 0.99;
    } while (answers.length > 0 && images.length <= countMax);
    if (images.length <= countMax) return images;
    const none = this.imageAfterPowerCut(() => 0);
    const all = this.imageAfterPowerCut(() => 0.99);
    const some = Array.from({ length: countMax - 2 }, () => this.imageAfterPowerCut(random));
    return [none, all, ...some];
  }

  /** A copy of the disk at this moment, unsynced changes included. */
  clone(): SimDisk {
    const disk = new SimDisk();
    const copies = new Map<Inode, Inode>();
    const copy = (inode: Inode): Inode => {
      const known = copies.get(inode);
      if (known !== undefined) return known;
      const dirty = new Map([...inode.dirty].map(([sector, versions]) => [sector, [...versions]]));
      const made = { ...inode, bytes: inode.bytes.slice(), dirty, lost: new Map(inode.lost) };
      copies.set(inode, made);
      return made;
    };
    for (const [name, inode] of this.#names) disk.#names.set(name, copy(inode));
    for (const [name, inode] of this.#durableNames) disk.#durableNames.set(name, copy(inode));
    disk.#changes = this.#changes.map((change) =>
      new Map([...change].map(([name, inode]) => [name, inode === null ? null : copy(inode)]))
    );
    return disk;
  }

  /** The bytes of all files together. */
  get usedBytes(): number {
    let bytes = 0;
    for (const inode of this.#names.values()) bytes += inode.length;
    return bytes;
  }

  /** Changes one byte without the storage's knowledge. */
  damage(name: string, offset: number, change: (byte: number) => number): void {
    const inode = this.#names.get(name);
    if (inode === undefined) throw new DiskError("ENOENT");
    inode.bytes[offset] = change(inode.bytes[offset]!);
  }

  #restart(image: DiskImage): void {
    this.kill();
    const disk = new SimDisk(image);
    this.#names = disk.#names;
    this.#durableNames = disk.#durableNames;
    this.#changes = [];
  }

  /** For {@linkcode SimFiles}: runs an operation of a process, with its faults and its delay. */
  async perform<T>(life: number, operation: DiskOperation, effect: Effect<T>): Promise<T> {
    const { fault, slow, changed } = this.#options;
    if (slow !== undefined) {
      const ms = slow.delayMs(operation);
      await new Promise<void>((resolve) => slow.clock.after(ms, resolve));
    }
    if (life !== this.#life) return await new Promise<never>(() => {});
    const growth = effect.growth?.() ?? 0;
    const isFull = growth > 0 && this.usedBytes + growth > this.capacityBytes;
    if (isFull) this.hasLackedRoom = true;
    const error = fault?.(operation) ?? (isFull ? new DiskError("ENOSPC") : null);
    if (error !== null) {
      effect.fail?.();
      throw error;
    }
    const result = effect.run();
    if (CHANGING.has(operation.kind)) changed?.(operation);
    return result;
  }

  /** Runs an operation that no caller awaits, so it takes no time. */
  performNow(life: number, operation: DiskOperation): void {
    if (life !== this.#life) throw new DiskError("EBADF");
    const error = this.#options.fault?.(operation) ?? null;
    if (error !== null) throw error;
  }

  /** For {@linkcode SimFiles}: waits without an operation. */
  async pause(life: number): Promise<void> {
    const clock = this.#options.slow?.clock;
    await new Promise<void>((resolve) => {
      if (clock === undefined) setTimeout(resolve, 0);
      else clock.after(PAUSE_MS, resolve);
    });
    await this.perform(life, { kind: "pause", name: "" }, { run: () => {} });
  }

  lock(): boolean {
    if (this.#locked) return false;
    this.#locked = true;
    return true;
  }

  unlock(life: number): void {
    if (life === this.#life) this.#locked = false;
  }

  inode(name: string): Inode {
    const inode = this.#names.get(name);
    if (inode === undefined) throw new DiskError("ENOENT");
    return inode;
  }

  list(): string[] {
    return [...this.#names.keys()];
  }

  change(change: NameChange): void {
    for (const [name, inode] of change) {
      if (inode === null) this.#names.delete(name);
      else this.#names.set(name, inode);
    }
    this.#changes.push(change);
  }

  syncFolder(): void {
    this.#durableNames = new Map(this.#names);
    this.#changes = [];
  }
}

/** The effect of an operation, and its effect when it fails. */
interface Effect<T> {
  readonly run: () => T;
  readonly fail?: () => void;
  /** The number of bytes that still fit. */
  readonly growth?: () => number;
}

const CHANGING = new Set(["create", "append", "write", "sync", "rename", "remove", "syncFolder"]);

function visible(inode: Inode): Uint8Array<ArrayBuffer> {
  return inode.bytes.slice(0, inode.length);
}

/** The synced bytes, and of each unsynced sector one of its versions. */
function survivingBytes(inode: Inode, random: Random): Uint8Array<ArrayBuffer> {
  const bytes = visible(inode);
  for (const [sector, held] of inode.lost) {
    if (!inode.dirty.has(sector)) bytes.set(clipped(held, sector, bytes), sector * SECTOR_BYTES);
  }
  let end = inode.durableLength;
  for (const [sector, versions] of [...inode.dirty].sort(([a], [b]) => a - b)) {
    const survivor = versions[Math.floor(random() * (versions.length + 1))];
    const from = sector * SECTOR_BYTES;
    if (survivor !== undefined) bytes.set(clipped(survivor, sector, bytes), from);
    else end = Math.max(end, Math.min(from + SECTOR_BYTES, inode.length));
  }
  const keepsLength = end === inode.length || random() >= 0.5;
  return bytes.slice(0, keepsLength ? inode.length : end);
}

/** The part of a sector that the file has. */
function clipped(held: Uint8Array, sector: number, file: Uint8Array): Uint8Array {
  return held.subarray(0, file.length - sector * SECTOR_BYTES);
}

function newInode(bytes: Uint8Array<ArrayBuffer>): Inode {
  const { length } = bytes;
  return { bytes, length, durableLength: length, dirty: new Map(), lost: new Map() };
}

/** The folder as one process uses it. */
class SimFiles implements Files {
  readonly #disk: SimDisk;
  readonly #life: number;

  constructor(disk: SimDisk, life: number) {
    this.#disk = disk;
    this.#life = life;
  }

  lock(): Promise<boolean> {
    return this.#perform({ kind: "lock", name: "" }, () => this.#disk.lock());
  }

  list(): Promise<readonly string[]> {
    return this.#perform({ kind: "list", name: "" }, () => this.#disk.list());
  }

  size(name: string): Promise<number> {
    return this.#perform({ kind: "size", name }, () => this.#disk.inode(name).length);
  }

  read(name: string, { offset, length }: ByteRange): Promise<Uint8Array<ArrayBuffer>> {
    return this.#perform({ kind: "read", name }, () => {
      const inode = this.#disk.inode(name);
      return inode.bytes.slice(offset, Math.min(offset + length, inode.length));
    });
  }

  async open(name: string): Promise<ReadFile> {
    const inode = await this.#perform({ kind: "open", name }, () => this.#disk.inode(name));
    const read: ReadFile["read"] = ({ offset, length }, into = new Uint8Array(length)) => {
      this.#disk.performNow(this.#life, { kind: "read", name });
      const bytes = inode.bytes.subarray(offset, offset + length);
      into.set(bytes);
      return into.subarray(0, bytes.length);
    };
    return { read, close: () => {} };
  }

  async create(name: string): Promise<WritableFile> {
    const inode = newInode(new Uint8Array());
    await this.#perform({ kind: "create", name }, () => {
      this.#disk.change(new Map([[name, inode]]));
    });
    return this.#writable(inode, name);
  }

  async reopen(name: string): Promise<WritableFile> {
    const inode = await this.#perform({ kind: "reopen", name }, () => this.#disk.inode(name));
    return this.#writable(inode, name);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#perform({ kind: "rename", name: to }, () => {
      const inode = this.#disk.inode(from);
      this.#disk.change(new Map([[from, null], [to, inode]]));
    });
  }

  remove(name: string): Promise<void> {
    return this.#perform({ kind: "remove", name }, () => {
      this.#disk.inode(name);
      this.#disk.change(new Map([[name, null]]));
    });
  }

  syncFolder(): Promise<void> {
    return this.#perform({ kind: "syncFolder", name: "" }, () => this.#disk.syncFolder());
  }

  pause(): Promise<void> {
    return this.#disk.pause(this.#life);
  }

  close(): Promise<void> {
    this.#disk.unlock(this.#life);
    return Promise.resolve();
  }

  #writable(inode: Inode, name: string): WritableFile {
    const perform: Perform = (operation, effect) =>
      this.#disk.perform(this.#life, operation, effect);
    return new SimWritableFile(inode, perform, name);
  }

  #perform<T>(operation: DiskOperation, run: () => T): Promise<T> {
    return this.#disk.perform(this.#life, operation, { run });
  }
}

type Perform = (operation: DiskOperation, effect: Effect<void>) => Promise<void>;

class SimWritableFile implements WritableFile {
  readonly #inode: Inode;
  readonly #perform: Perform;
  /**
   * The name under which the file was opened, for faults; a segment keeps its temporary name here.
   */
  readonly #name: string;

  constructor(inode: Inode, perform: Perform, name: string) {
    this.#inode = inode;
    this.#perform = perform;
    this.#name = name;
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.#put("append", bytes, this.#inode.length);
  }

  write(bytes: Uint8Array, offset: number): Promise<void> {
    if (offset + bytes.length <= this.#inode.length) return this.#put("write", bytes, offset);
    throw new RangeError(`Cannot write at ${offset}: wanted a range within the file`);
  }

  /** A failed write may have been done in part. */
  #put(kind: "append" | "write", bytes: Uint8Array, offset: number): Promise<void> {
    const inode = this.#inode;
    return this.#perform({ kind, name: this.#name }, {
      run: () => put(inode, bytes, offset),
      fail: () => put(inode, bytes.subarray(0, bytes.length >> 1), offset),
      growth: () => Math.max(0, offset + bytes.length - inode.length),
    });
  }

  /** A failed sync drops its bytes, and the system takes them for written. */
  sync(): Promise<void> {
    const inode = this.#inode;
    return this.#perform({ kind: "sync", name: this.#name }, {
      run: () => {
        for (const sector of inode.dirty.keys()) inode.lost.delete(sector);
        inode.dirty.clear();
        inode.durableLength = inode.length;
      },
      fail: () => {
        for (const [sector, [held]] of inode.dirty) inode.lost.set(sector, held!);
        inode.dirty.clear();
        inode.durableLength = inode.length;
      },
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function put(inode: Inode, bytes: Uint8Array, offset: number): void {
  const end = offset + bytes.length;
  if (end > inode.bytes.length) {
    const larger = new Uint8Array(wholeSectors(Math.max(end, 2 * inode.bytes.length)));
    larger.set(inode.bytes.subarray(0, inode.length));
    inode.bytes = larger;
  }
  const first = Math.floor(offset / SECTOR_BYTES);
  for (let sector = first; sector * SECTOR_BYTES < end; sector++) {
    const versions = inode.dirty.get(sector);
    const at = sector * SECTOR_BYTES;
    const held = at < inode.length ? inode.bytes.slice(at, at + SECTOR_BYTES) : ZEROS;
    if (versions === undefined) inode.dirty.set(sector, [inode.lost.get(sector) ?? held]);
    else versions.push(held);
  }
  inode.bytes.set(bytes, offset);
  inode.length = Math.max(inode.length, end);
}

function wholeSectors(bytes: number): number {
  return Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES;
}
