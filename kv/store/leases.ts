/**
 * Leases: numbers with a time to live, and the keys that end with them. They are part of the state,
 * under keys of the store's own, so that every server knows the same, across images and restarts.
 *
 * ```text
 * 255 "l/" lease          time to live, and the steady time at which it ends
 * 255 "b/" lease key      one for each key that is bound to the lease
 * ```
 *
 * A number has 14 hexadecimal digits. A lease whose keys are too many for one entry of the log ends in
 * slices; from the first one on its time to live is 0, and nothing renews it.
 *
 * Invariant: a key that names a lease has exactly one place among the bound ones, and no other key has
 * any; no key names a lease that is not there (N4).
 *
 * @module
 */

import { type Key, Reader, SYSTEM_KEYS } from "../command/mod.ts";
import type { Entry, State } from "../tables/mod.ts";
import type { Change } from "./draft.ts";
import { written } from "./draft.ts";

/** What the keys of leases begin with. */
export const LEASES = `${SYSTEM_KEYS}l/`;
const BOUND = `${SYSTEM_KEYS}b/`;
const DIGITS = 14;
const EMPTY = new Uint8Array(0);

/** Later than every revision. */
const LATEST = Number.MAX_SAFE_INTEGER;

/** What leases may take: part of what a log means, like other limits. */
export const LEASE_LIMITS = {
  /** Leases at a time. */
  leases: 100_000,
  /** Keys of leases that one entry of the log removes. */
  keysAtOnce: 1000,
  /** Leases that one entry of the log ends. */
  leasesAtOnce: 100,
};

/** A lease. */
export interface Lease {
  /** 0: it is ending. */
  readonly ttl: number;
  /** In steady time. */
  readonly ends: number;
}

/** Which leases there are, and when they end. */
export class Leases {
  readonly #state: State;
  readonly #leases = new Map<number, Lease>();
  /** No lease ends before this time; `Infinity`: there is none. */
  #next = Infinity;

  /** Those that a state holds. */
  constructor(state: State) {
    this.#state = state;
    for (const entry of state.scan({ from: LEASES, to: behind(LEASES), at: LATEST })) {
      this.#load(entry);
    }
  }

  /** The number of leases. */
  get size(): number {
    return this.#leases.size;
  }

  /** When the next lease ends, or earlier; `Infinity`: there is none. */
  get next(): number {
    return this.#next;
  }

  /** Follows a change of any key, also of the store's own. */
  change({ entry, previous }: Change): void {
    if (entry.key.startsWith(LEASES)) return this.#load(entry);
    const [before, after] = [leaseOf(previous), leaseOf(entry)];
    if (before === after) return;
    if (before > 0) this.#bind(before, entry, null);
    if (after > 0) this.#bind(after, entry, EMPTY);
  }

  /** The leases that have ended at a steady time, the earliest first, at most so many. */
  due(steady: number): readonly number[] {
    if (this.#next > steady) return [];
    const due: (readonly [number, number])[] = [];
    for (const [lease, { ends }] of this.#leases) if (ends <= steady) due.push([ends, lease]);
    // Not in the order of the map, which is another one on a server that was restored.
    due.sort(([end, lease], [otherEnd, other]) => end - otherEnd || lease - other);
    return due.slice(0, LEASE_LIMITS.leasesAtOnce).map(([, lease]) => lease);
  }

  /** Call this when leases that were due have ended. */
  ended(): void {
    this.#next = this.#leases.values().reduce((next, { ends }) => Math.min(next, ends), Infinity);
  }

  #load({ key, value }: Entry): void {
    const lease = numberOf(key, LEASES);
    if (value === null) {
      this.#leases.delete(lease);
      return;
    }
    const found = decodeLease(value);
    this.#leases.set(lease, found);
    this.#next = Math.min(this.#next, found.ends);
  }

  #bind(lease: number, { key, revision }: Entry, value: Uint8Array | null): void {
    const place = boundKey(lease, key);
    this.#state.add(written(this.#state.get(place), { key: place, value, revision }));
  }
}

/** A lease as it is stored. */
export function decodeLease(value: Uint8Array): Lease {
  const from = new Reader(value);
  return { ttl: from.u64(), ends: from.u64() };
}

/** The lease that a key ends with; 0: none, or it is not there. */
export function leaseOf(entry: Entry | null): number {
  return entry === null || entry.value === null ? 0 : entry.lease;
}

/** The key of a lease. */
export function leaseKey(lease: number): Key {
  return `${LEASES}${lease.toString(16).padStart(DIGITS, "0")}`;
}

/** The place of a key among those of its lease. */
export function boundKey(lease: number, key: Key): Key {
  return `${BOUND}${lease.toString(16).padStart(DIGITS, "0")}${key}`;
}

/** The number in a key of the store. */
export function numberOf(key: Key, prefix: Key = LEASES): number {
  return Number.parseInt(key.slice(prefix.length, prefix.length + DIGITS), 16);
}

/** The key behind all that begin with a prefix. */
export function behind(prefix: Key): Key {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
