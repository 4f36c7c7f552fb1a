/**
 * The disks of a simulated cluster: in memory, or the product's files on simulated disks. They take
 * their time, stall, fill up and fail.
 *
 * @module
 */

import type { Clock, Files, NodeId, Persistent, Save, Storage } from "../../raft/mod.ts";
import type { DurableLog } from "./watcher/mod.ts";
import type { SeededRandom } from "./seeded_random.ts";
import { type DiskPart, type SimFilesOptions, SimHome } from "./sim_home.ts";
import type { ClockView, VirtualClock } from "./virtual_clock.ts";

/** Options of {@linkcode SimDisks}. */
export interface SimDisksOptions {
  /** The time that a save takes. @default {0.2 to 2 ms} */
  readonly saveMs?: { readonly minMs: number; readonly maxMs: number };
  /** The probability that an operation of a disk takes up to a hundred times as long. @default {0} */
  readonly slowSaves?: number;
  /** Keeps state in files on simulated disks instead of in memory. @default {null} */
  readonly files?: SimFilesOptions | null;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  /** The durable state of each server, as the watcher sees it. */
  readonly durable: ReadonlyMap<NodeId, DurableLog>;
  /** The clock of a running server; `null`: it does not run. */
  readonly view: (id: NodeId) => ClockView | null;
  /** Called with a durable change, before its save resolves. */
  readonly saved: (id: NodeId, change: Save) => void;
  /** Called when a disk contains a state that is not permitted. */
  readonly violated: (what: string) => void;
}

/** A disk as one process uses it. */
export interface OpenDisk {
  readonly storage: Storage;
  /** Crashes the disk with its process. */
  readonly crashDisk: () => void;
}

/** Options of a {@linkcode SimStorage}. */
interface SimStorageOptions {
  /** The durable state, which outlives this object. */
  readonly durable: DurableLog;
  readonly clock: Clock;
  /** The time that the next save takes. */
  readonly delayMs: () => number;
  /** Called with a durable change, before its save resolves. */
  readonly saved: (change: Save) => void;
  /** Called before a promise is settled. */
  readonly settling: () => void;
}

/**
 * Storage in memory that takes time. A save that is under way at a crash is found whole or not at all
 * after the restart; a real disk may do either.
 */
class SimStorage implements Storage {
  readonly hasRoom = true;
  readonly #options: SimStorageOptions;
  #pending: Save | null = null;

  constructor(options: SimStorageOptions) {
    this.#options = options;
  }

  load(): Promise<Persistent> {
    return Promise.resolve(this.#options.durable.persistent());
  }

  save(change: Save): Promise<void> {
    if (this.#pending !== null) throw new Error("Cannot save: wanted one save at a time, got two");
    this.#pending = change;
    return new Promise((resolve) => {
      this.#later(() => {
        this.#finish(change);
        resolve();
      });
    });
  }

  prepare(): Promise<boolean> {
    return new Promise((resolve) => this.#later(() => resolve(true)));
  }

  stopWaiting(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Ends it at a crash: a save under way is durable, or not. */
  crash(reached: boolean): void {
    if (this.#pending !== null && reached) this.#finish(this.#pending);
  }

  #later(run: () => void): void {
    const { clock, delayMs, settling } = this.#options;
    clock.after(delayMs(), () => {
      settling();
      run();
    });
  }

  #finish(change: Save): void {
    this.#pending = null;
    this.#options.durable.apply(change);
    this.#options.saved(change);
  }
}

/** More than the length of any chain of promises between two operations on files. */
const FILE_ROUNDS = 100;
/** The same while a start reads its files, which has a promise for each record. */
const START_ROUNDS = 2_000;

const SAVE_MS = { minMs: 0.2, maxMs: 2 };

/** The disk of each server, across its restarts. */
export class SimDisks {
  readonly #options: SimDisksOptions;
  readonly #homes = new Map<NodeId, SimHome>();
  /** The time until which a disk stalls. */
  readonly #stalledUntilMs = new Map<NodeId, number>();

  constructor(options: SimDisksOptions) {
    this.#options = options;
    const { durable, files } = options;
    if (!files) return;
    for (const [id, log] of durable) this.#homes.set(id, this.#makeHome(id, { files, log }));
  }

  /** Opens the disk for a start of its server. */
  open(
    id: NodeId,
    { view, random }: { readonly view: ClockView; readonly random: SeededRandom },
  ): OpenDisk {
    const { clock, durable, saved, random: all } = this.#options;
    const home = this.#homes.get(id);
    if (home !== undefined) return { storage: home.open(), crashDisk: () => home.crash() };
    const storage = new SimStorage({
      durable: durable.get(id)!,
      clock: view,
      delayMs: () => this.#stallMs(id) + this.#saveMs(random),
      saved: (change) => saved(id, change),
      settling: () => clock.touch(),
    });
    return { storage, crashDisk: () => storage.crash(all.chance(0.5)) };
  }

  /** Opens the folder of the tables for a start; `null` where state is in memory. */
  openTables(id: NodeId): Files | null {
    return this.#homes.get(id)?.openTables() ?? null;
  }

  /** Stalls a disk: saves take at least until then. */
  stall(id: NodeId, ms: number): void {
    this.#stalledUntilMs.set(id, this.#options.clock.now() + ms);
  }

  /** Leaves a disk with files room for so many more bytes; `Infinity` makes room again. */
  limitRoom(id: NodeId, bytes: number, part?: DiskPart): void {
    this.#homes.get(id)?.limitRoom(bytes, part);
  }

  /** From now on no disk fails, stalls or is full. */
  mend(): void {
    this.#stalledUntilMs.clear();
    for (const home of this.#homes.values()) {
      home.faultsAreOn = false;
      home.limitRoom(Infinity);
    }
  }

  /** Whether a disk explains that its server ended: it failed, or had no room for a start. */
  excuses(id: NodeId, { isStarting }: { readonly isStarting: boolean }): boolean {
    const home = this.#homes.get(id);
    return home !== undefined && (home.hasFailed || isStarting && home.hasLackedRoom);
  }

  /** Makes a disk whose operations together take about as long as a save in memory. */
  #makeHome(
    id: NodeId,
    { files, log }: { readonly files: SimFilesOptions; readonly log: DurableLog },
  ): SimHome {
    const { clock, random: all, saved, view, violated } = this.#options;
    const random = all.fork(`disk of ${id}`);
    const delays = random.fork("delays");
    const touch = (): void => clock.touch(home.isLoading ? START_ROUNDS : FILE_ROUNDS);
    const home: SimHome = new SimHome({
      ...files,
      id,
      durable: log,
      random,
      clock: () => ({
        now: () => clock.now(),
        wall: () => clock.wall(),
        soon: (run) => clock.soon(run),
        after: (ms, run) =>
          clock.schedule(ms, () => {
            touch();
            run();
          }, view(id)),
      }),
      delayMs: () => this.#stallMs(id) + this.#saveMs(delays) / 3,
      began: touch,
      saved: (change) => saved(id, change),
      violated,
    });
    return home;
  }

  #saveMs(random: SeededRandom): number {
    const { saveMs: { minMs, maxMs } = SAVE_MS, slowSaves = 0 } = this.#options;
    const ms = random.range(minMs, maxMs);
    return slowSaves > 0 && random.chance(slowSaves) ? ms * random.range(1, 100) : ms;
  }

  #stallMs(id: NodeId): number {
    return Math.max(0, (this.#stalledUntilMs.get(id) ?? 0) - this.#options.clock.now());
  }
}
