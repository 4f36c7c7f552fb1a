/**
 * A disk in memory that does what real ones do: it forgets what was not synced, whole or sector by
 * sector and in any order; forgets names whose folder was not synced; fails, fills up, and lies after
 * a failed sync. It serves {@linkcode Files}, so that the shipped storage code runs on it.
 *
 * The model: bytes are durable after `sync`, name changes after `syncFolder`, each on its own. At a
 * power cut any subset of the unsynced sectors of a file survives (a lost one reads as zeros, or the
 * file ends before it), and any subset of the unsynced name changes. A rename is one change.
 *
 * @module
 */

import type { AppendFile, ByteRange, Clock, Files, Random, ReadFile } from "../../raft/mod.ts";

const SECTOR_BYTES = 512;

/** What a call of {@linkcode Files} was, told before it happens. */
export interface DiskOperation {
  readonly kind:
    | "lock"
    | "list"
    | "size"
    | "open"
    | "read"
    | "create"
    | "append"
    | "sync"
    | "rename"
    | "remove"
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

/** How a disk behaves. */
export interface SimDiskOptions {
  /** The error the operation ends with; it may have had some effect. `null`: none. */
  readonly fault?: (operation: DiskOperation) => DiskError | null;
  /** Called when an operation that changes something has happened. */
  readonly changed?: (operation: DiskOperation) => void;
  /** With a clock, an operation takes the milliseconds that `delayMs` says. */
  readonly slow?: {
    readonly clock: Clock;
    readonly delayMs: (operation: DiskOperation) => number;
  };
}

/** A file's content, whatever it is called. It only grows. */
interface Inode {
  bytes: Uint8Array<ArrayBuffer>;
  length: number;
  /** Up to here the bytes are durable, apart from what a failed sync lost. */
  synced: number;
  /** Ranges that a failed sync dropped: read as written until the power is cut, then gone. */
  readonly lost: { readonly from: number; readonly to: number }[];
}

/** What a change of the folder does to names; `null` removes. */
type NameChange = ReadonlyMap<string, Inode | null>;

/** Files by name, as they would be found. */
export type DiskImage = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** One disk with one folder. Survives the processes that use it. */
export class SimDisk {
  readonly #options: SimDiskOptions;
  /** Names as a running process sees them. */
  #names = new Map<string, Inode>();
  /** Names as of the last syncFolder. */
  #durableNames = new Map<string, Inode>();
  #changes: NameChange[] = [];
  /** Counts processes; the handles of those that ended are dead. */
  #life = 0;
  #locked = false;

  constructor(image: DiskImage = new Map(), options: SimDiskOptions = {}) {
    this.#options = options;
    for (const [name, bytes] of image) {
      const inode = { bytes: bytes.slice(), length: bytes.length, synced: bytes.length, lost: [] };
      this.#names.set(name, inode);
      this.#durableNames.set(name, inode);
    }
  }

  /** The folder as a new process sees it. Handles of an earlier process that was not killed go on. */
  open(): Files {
    return new SimFiles(this, this.#life);
  }

  /** The process dies (kill -9). The system goes on: nothing is lost, nothing becomes durable. */
  kill(): void {
    this.#life++;
    this.#locked = false;
  }

  /** The power is cut: each unsynced effect survives or not, as the random numbers say. */
  cutPower(random: Random): void {
    this.#restart(this.imageAfterPowerCut(random));
  }

  /** The power is cut and nothing survives that was not synced. */
  cutPowerHard(): void {
    this.#restart(this.imageAfterPowerCut(() => 0));
  }

  /** What a running process sees. */
  image(): DiskImage {
    return new Map([...this.#names].map(([name, inode]) => [name, visible(inode)]));
  }

  /**
   * What is found after a power cut now. A number below one half loses the effect in question, so
   * that `() => 0` loses all and `() => 0.99` none.
   */
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

  /** Every image that a power cut now can leave, or as many random ones if there are more. */
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

  /** The same disk at this moment, with all that is unsynced, for a future of its own. */
  clone(): SimDisk {
    const disk = new SimDisk();
    const copies = new Map<Inode, Inode>();
    const copy = (inode: Inode): Inode => {
      const known = copies.get(inode);
      if (known !== undefined) return known;
      const made = { ...inode, bytes: inode.bytes.slice(), lost: [...inode.lost] };
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

  /** Changes one byte behind the back of everybody. */
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

  /** For {@linkcode SimFiles}: runs an operation in a life, with its faults and its delay. */
  async perform<T>(life: number, operation: DiskOperation, effect: Effect<T>): Promise<T> {
    const { fault, slow, changed } = this.#options;
    if (slow !== undefined) {
      const ms = slow.delayMs(operation);
      await new Promise<void>((resolve) => slow.clock.after(ms, resolve));
    }
    if (life !== this.#life) return await new Promise<never>(() => {});
    const error = fault?.(operation) ?? null;
    if (error !== null) {
      effect.fail?.();
      throw error;
    }
    const result = effect.run();
    if (CHANGING.has(operation.kind)) changed?.(operation);
    return result;
  }

  /** The same for an operation that nobody waits for: it takes no time. */
  performNow(life: number, operation: DiskOperation): void {
    if (life !== this.#life) throw new DiskError("EBADF");
    const error = this.#options.fault?.(operation) ?? null;
    if (error !== null) throw error;
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

/** What an operation does, and what it does when it fails. */
interface Effect<T> {
  readonly run: () => T;
  readonly fail?: () => void;
}

const CHANGING = new Set(["create", "append", "sync", "rename", "remove", "syncFolder"]);

function visible(inode: Inode): Uint8Array<ArrayBuffer> {
  return inode.bytes.slice(0, inode.length);
}

/** The synced bytes, and the unsynced ones sector by sector. */
function survivingBytes(inode: Inode, random: Random): Uint8Array<ArrayBuffer> {
  const bytes = visible(inode);
  let end = inode.synced;
  for (let from = inode.synced; from < inode.length;) {
    const to = Math.min(inode.length, from + SECTOR_BYTES - from % SECTOR_BYTES);
    if (random() < 0.5) bytes.fill(0, from, to);
    else end = to;
    from = to;
  }
  for (const { from, to } of inode.lost) bytes.fill(0, from, to);
  const isWhole = end === inode.length || inode.synced === inode.length;
  const keepsLength = isWhole || random() >= 0.5;
  return bytes.slice(0, keepsLength ? inode.length : end);
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
    return {
      read: ({ offset, length }) => {
        this.#disk.performNow(this.#life, { kind: "read", name });
        return inode.bytes.slice(offset, Math.min(offset + length, inode.length));
      },
      close: () => {},
    };
  }

  async create(name: string): Promise<AppendFile> {
    const inode: Inode = { bytes: new Uint8Array(256), length: 0, synced: 0, lost: [] };
    await this.#perform({ kind: "create", name }, () => {
      this.#disk.change(new Map([[name, inode]]));
    });
    const perform: Perform = (operation, effect) =>
      this.#disk.perform(this.#life, operation, effect);
    return new SimAppendFile(inode, perform, name);
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

  close(): Promise<void> {
    this.#disk.unlock(this.#life);
    return Promise.resolve();
  }

  #perform<T>(operation: DiskOperation, run: () => T): Promise<T> {
    return this.#disk.perform(this.#life, operation, { run });
  }
}

type Perform = (operation: DiskOperation, effect: Effect<void>) => Promise<void>;

class SimAppendFile implements AppendFile {
  readonly #inode: Inode;
  readonly #perform: Perform;
  /** What it was created as, for faults; a segment keeps its temporary name here. */
  readonly #name: string;

  constructor(inode: Inode, perform: Perform, name: string) {
    this.#inode = inode;
    this.#perform = perform;
    this.#name = name;
  }

  /** A write that fails may have been done in part. */
  append(bytes: Uint8Array): Promise<void> {
    return this.#perform({ kind: "append", name: this.#name }, {
      run: () => this.#grow(bytes),
      fail: () => this.#grow(bytes.subarray(0, bytes.length >> 1)),
    });
  }

  /** A sync that fails drops what it should have written, and the system thinks all is clean. */
  sync(): Promise<void> {
    const inode = this.#inode;
    return this.#perform({ kind: "sync", name: this.#name }, {
      run: () => {
        inode.synced = inode.length;
      },
      fail: () => {
        inode.lost.push({ from: inode.synced, to: inode.length });
        inode.synced = inode.length;
      },
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #grow(bytes: Uint8Array): void {
    const inode = this.#inode;
    const end = inode.length + bytes.length;
    if (end > inode.bytes.length) {
      const larger = new Uint8Array(Math.max(end, 2 * inode.bytes.length));
      larger.set(inode.bytes.subarray(0, inode.length));
      inode.bytes = larger;
    }
    inode.bytes.set(bytes, inode.length);
    inode.length = end;
  }
}
