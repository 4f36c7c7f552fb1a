/**
 * Hashes of the whole state at revisions that follow from the log alone, so that servers can compare
 * them: the first entry of each period of the log's steady time. A hash is made little by little, by
 * the scan that images are made of.
 *
 * @module
 */

import type { Clock, Entry } from "../../raft/mod.ts";
import { Slices } from "./folder/mod.ts";
import type { TablesStatus } from "./status.ts";
import { CHUNK_BYTES, hashIn, piecesOf, START } from "./stream.ts";
import type { Tables } from "./tables.ts";

/** How often the state is hashed, in the log's time. */
export const CHECK_PERIOD_MS = 10 * 60_000;

/** Between two slices of work the check rests for so long: it takes a tenth of the time. */
const REST_MS = 20;

/** The number of results that are kept. */
const RESULTS_MAX = 4;

/** Deletions are forgotten at different times by the log and by merges: a hash has none. */
const NO_DELETIONS = Number.MAX_SAFE_INTEGER;

/** The hash of the state at a revision. */
export interface StateCheck {
  /** The revision. */
  readonly revision: number;
  /** The hash of all entries that are visible at it. */
  readonly hash: string;
}

/** As {@linkcode TablesStatus}, with the latest hashes of the state. */
export interface TablesReport extends TablesStatus {
  /** The newest first. */
  readonly checks: readonly StateCheck[];
}

/** The checks of one server. */
export class StateChecks {
  readonly #tables: Tables;
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  #period: number | null = null;
  #results: readonly StateCheck[] = [];
  #running: Promise<void> | null = null;
  #isStopped = false;

  constructor(
    tables: Tables,
    { clock, failed }: { readonly clock: Clock; readonly failed: (error: unknown) => void },
  ) {
    this.#tables = tables;
    this.#clock = clock;
    this.#failed = failed;
  }

  /** The latest results, the newest first. */
  get results(): readonly StateCheck[] {
    return this.#results;
  }

  /** These entries were applied. The first of a new period begins a check, if none is under way. */
  applied(entries: readonly Entry[]): void {
    const last = periodOf(entries.at(-1)!);
    if (this.#period === last) return;
    const first = entries.find((entry) => periodOf(entry) === last)!;
    // Which entry begins the period is not known at the start, and behind an image.
    const isKnown = this.#period !== null || first !== entries[0];
    this.#period = last;
    if (!isKnown || this.#running !== null || this.#isStopped) return;
    if (!this.#tables.canRead(first.index)) return;
    this.#running = this.#run(first.index).catch(this.#failed).finally(() => this.#running = null);
  }

  /** The entries before the next ones were not applied one by one. */
  forgetPeriod(): void {
    this.#period = null;
  }

  /** Ends the check that is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(at: number): Promise<void> {
    const moment = { at, deletions: NO_DELETIONS };
    const slices = new Slices(this.#clock, () => REST_MS);
    let { hash } = START;
    const stream = { cursor: START, bytesMax: CHUNK_BYTES };
    for (const { bytes } of piecesOf(this.#tables, moment, stream)) {
      hash = hashIn(bytes);
      if (slices.isOver) await slices.pause();
      if (this.#isStopped) return;
    }
    this.#results = [{ revision: at, hash }, ...this.#results].slice(0, RESULTS_MAX);
  }
}

function periodOf({ times }: Entry): number {
  return Math.floor(times.steady / CHECK_PERIOD_MS);
}

/**
 * The servers whose state differs from that of the others at a revision that several have checked: of
 * two hashes those of the smaller part, or all when no part is the larger.
 *
 * @param checks What each server reports.
 */
export function differing<Server>(checks: ReadonlyMap<Server, readonly StateCheck[]>): Set<Server> {
  const found = new Set<Server>();
  const revisions = new Set([...checks.values()].flat().map(({ revision }) => revision));
  for (const revision of revisions) {
    const parts = new Map<string, Server[]>();
    for (const [server, results] of checks) {
      const hash = results.find((result) => result.revision === revision)?.hash;
      if (hash !== undefined) parts.set(hash, [...parts.get(hash) ?? [], server]);
    }
    const sizes = [...parts.values()].map((servers) => servers.length).sort((one, other) =>
      other - one
    );
    if (sizes.length < 2) continue;
    const largest = sizes[0] === sizes[1] ? Infinity : sizes[0]!;
    for (const servers of parts.values()) {
      if (servers.length < largest) { for (const server of servers) found.add(server); }
    }
  }
  return found;
}
