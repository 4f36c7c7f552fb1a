/**
 * The durable state of a simulated server across restarts: the product's {@linkcode FileStorage} on
 * a {@linkcode SimDisk}. Each loaded state is compared with the saves: nothing acknowledged may be
 * missing, and of a save in progress at the crash only a permitted part may be present.
 *
 * @module
 */

import {
  applySave,
  type Clock,
  type Files,
  FileStorage,
  type NodeId,
  type Persistent,
  type Save,
  type Snapshot,
  type Storage,
} from "../../raft/mod.ts";
import { lastOf, positionAt } from "../../raft/core/mod.ts";
import type { DurableLog } from "./watcher/mod.ts";
import { isSameBytes, isSameEntry } from "../cluster/mod.ts";
import type { SeededRandom } from "./seeded_random.ts";
import { DiskError, type DiskOperation, SimDisk } from "./sim_disk.ts";

/** Faults of a simulated disk, and limits of its files. */
export interface SimFilesOptions {
  readonly segmentBytesMax: number;
  readonly recordBytesMax: number;
  /** Probability that an operation fails. */
  readonly faultRate: number;
  /** Share of crashes that are power cuts, in which unsynced bytes may be lost. */
  readonly powerCuts: number;
}

/** What shares a disk that is full: everything, or the tables alone. */
export type DiskPart = "all" | "tables";

/** Options of a {@linkcode SimHome}. */
export interface SimHomeOptions extends SimFilesOptions {
  readonly id: NodeId;
  readonly durable: DurableLog;
  readonly random: SeededRandom;
  /** The clock of the running server. */
  readonly clock: () => Clock;
  readonly delayMs: (operation: DiskOperation) => number;
  /** Called when work begins whose first operation follows after some promises. */
  readonly began: () => void;
  /** Called with a durable change, before its save resolves. */
  readonly saved: (change: Save) => void;
  /** Called when the disk contains a state that is not permitted. */
  readonly violated: (what: string) => void;
}

/** One server's disk, across its restarts. */
export class SimHome {
  readonly #options: SimHomeOptions;
  readonly #disk: SimDisk;
  /** The folder of the tables below that of the log. */
  readonly #tables: SimDisk;
  /** The states that the next start may load. */
  #permitted: readonly Persistent[];
  #pending: Save | null = null;
  #hasLoaded = false;
  /** Whether an operation has failed since the start, so that the server must end. */
  hasFailed = false;
  /** Off while the cluster must recover. */
  faultsAreOn = true;

  constructor(options: SimHomeOptions) {
    this.#options = options;
    this.#permitted = [options.durable.persistent()];
    const after = (ms: number, run: () => void) => options.clock().after(ms, run);
    const now = () => options.clock().now();
    const clock = { now, wall: now, soon: (run: () => void) => run(), after };
    const faults = {
      slow: { clock, delayMs: options.delayMs },
      fault: (operation: DiskOperation) => this.#faultOf(operation),
    };
    this.#disk = new SimDisk(new Map(), faults);
    this.#tables = new SimDisk(new Map(), faults);
  }

  /** Whether a start has not read its files yet. */
  get isLoading(): boolean {
    return !this.#hasLoaded;
  }

  /** Opens the storage for a restart. */
  open(): Storage {
    const { id, segmentBytesMax, recordBytesMax } = this.#options;
    this.hasFailed = false;
    this.#disk.hasLackedRoom = false;
    this.#tables.hasLackedRoom = false;
    this.#hasLoaded = false;
    const inner = new FileStorage({
      files: this.#disk.open(),
      identity: { cluster: "swarm", node: id, incarnation: `${id}`.padStart(32, "0") },
      segmentBytesMax,
      recordBytesMax,
    });
    return {
      load: async () => this.#loaded(await inner.load()),
      save: async (change) => {
        this.#pending = change;
        this.#options.began();
        await inner.save(change);
        this.#pending = null;
        this.#options.durable.apply(change);
        this.#options.saved(change);
      },
      prepare: (snapshot: Snapshot) => {
        this.#options.began();
        return inner.prepare(snapshot);
      },
      get hasRoom(): boolean {
        return inner.hasRoom;
      },
      stopWaiting: () => inner.stopWaiting(),
      close: () => inner.close(),
    };
  }

  /** From now on the tables, and the log unless it is left out, have room for so many more bytes. */
  limitRoom(bytes: number, part: DiskPart = "all"): void {
    const disks = part === "all" ? [this.#disk, this.#tables] : [this.#tables];
    for (const disk of disks) disk.capacityBytes = disk.usedBytes + bytes;
  }

  /** Whether an operation has found no room since the start. */
  get hasLackedRoom(): boolean {
    return this.#disk.hasLackedRoom || this.#tables.hasLackedRoom;
  }

  /** Opens the folder of the tables for a restart. */
  openTables(): Files {
    return this.#tables.open();
  }

  /** Crashes the server at any point. */
  crash(): void {
    const { durable, random, powerCuts } = this.#options;
    // A crash before load() leaves the permitted states unchanged.
    if (this.#hasLoaded) {
      const before = durable.persistent();
      this.#permitted = this.#pending === null ? [before] : permittedInSave(before, this.#pending);
    }
    this.#pending = null;
    if (random.chance(powerCuts)) {
      this.#disk.cutPower(random.next);
      this.#tables.cutPower(random.next);
    } else {
      this.#disk.kill();
      this.#tables.kill();
    }
  }

  #loaded(found: Persistent): Persistent {
    const { id, durable, violated } = this.#options;
    if (!this.#permitted.some((state) => isSame(state, found))) {
      const wanted = this.#permitted.map(describe).join(" or ");
      violated(`n${id} finds ${describe(found)} on its disk: wanted ${wanted} (D1)`);
    }
    this.#hasLoaded = true;
    durable.replaceWith(found);
    return found;
  }

  #faultOf(operation: DiskOperation): DiskError | null {
    const { random, faultRate } = this.#options;
    if (faultRate === 0 || !this.faultsAreOn || operation.kind === "lock") return null;
    if (!random.chance(faultRate)) return null;
    this.hasFailed = true;
    return new DiskError(random.pick(["EIO", "EIO", "ENOSPC"]));
  }
}

/**
 * The states that a crash during a save may leave. A save writes vote, then snapshot (which keeps
 * the log only if it contains the snapshot's position), then log; any prefix of that may be
 * durable.
 */
export function permittedInSave(before: Persistent, { vote, snapshot, tail }: Save): Persistent[] {
  const voted = applySave(before, { vote, snapshot: null, tail: null });
  const states = [before, voted];
  if (snapshot !== null) {
    const { last } = snapshot;
    const keepsLog = positionAt(before, last.index)?.term === last.term ||
      lastOf(before).index <= last.index;
    const cut = keepsLog ? null : { from: last.index + 1, entries: [] };
    states.push(applySave(voted, { vote: null, snapshot, tail: cut }));
  }
  return [...states, applySave(before, { vote, snapshot, tail })];
}

function isSame(left: Persistent, right: Persistent): boolean {
  return left.term === right.term && left.votedFor === right.votedFor &&
    left.snapshot?.last.index === right.snapshot?.last.index &&
    left.snapshot?.last.term === right.snapshot?.last.term &&
    isSameBytes(left.snapshot?.data ?? null, right.snapshot?.data ?? null) &&
    left.entries.length === right.entries.length &&
    left.entries.every((entry, place) => isSameEntry(entry, right.entries[place]!));
}

function describe(state: Persistent): string {
  const { term, votedFor, snapshot } = state;
  const { index, term: lastTerm } = lastOf(state);
  return `term=${term} voted=${votedFor} base=${
    snapshot?.last.index ?? 0
  } last=${index}@${lastTerm}`;
}
