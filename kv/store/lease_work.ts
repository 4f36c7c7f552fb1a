/**
 * What operations on leases do to a draft.
 *
 * @module
 */

import {
  type FoundLease,
  type Key,
  type OperationOf,
  type Result,
  Writer,
} from "../command/mod.ts";
import { type Draft, InvalidBatch, written } from "./draft.ts";
import {
  behind,
  boundKey,
  decodeLease,
  type Lease,
  LEASE_LIMITS,
  leaseKey,
  leaseOf,
  LEASES,
  numberOf,
} from "./leases.ts";
import type { Moment } from "./sessions.ts";

/** When a batch is executed. */
export interface LeaseMoment extends Moment {
  /** The leases that there are before it. */
  readonly leases: number;
}

/** The operations on leases in one batch. */
export class LeaseWork {
  readonly #draft: Draft;
  readonly #moment: LeaseMoment;
  #granted = 0;

  constructor(draft: Draft, moment: LeaseMoment) {
    this.#draft = draft;
    this.#moment = moment;
  }

  /** Calls `touch` for everything that is changed. */
  execute(
    operation: OperationOf<"grant" | "renew" | "revoke" | "leases">,
    touch: () => void,
  ): Result {
    const draft = this.#draft;
    switch (operation.op) {
      case "grant":
        touch();
        return { op: "grant", created: this.#grant(operation) };
      case "renew": {
        const gone = operation.leases.filter((lease) => {
          touch();
          return !renewLease(draft, lease, this.#moment);
        });
        return { op: "renew", gone };
      }
      case "revoke": {
        const { op, lease } = operation;
        const count = endLease(draft, { lease, keysMax: LEASE_LIMITS.keysAtOnce }, this.#moment);
        for (let keys = 0; keys <= (count ?? 0); keys++) touch();
        return { op, existed: count !== null, count: count ?? 0 };
      }
      case "leases":
        return { op: "leases", ...listLeases(draft, operation, this.#moment.steady) };
      default:
        return operation satisfies never;
    }
  }

  #grant(operation: OperationOf<"grant">): boolean {
    const created = grantLease(this.#draft, operation, this.#moment);
    if (created === null) {
      throw new InvalidBatch(`Cannot grant: the lease ${operation.lease} is just ending`);
    }
    if (created && this.#moment.leases + ++this.#granted > LEASE_LIMITS.leases) {
      throw new InvalidBatch(`Cannot grant: wanted at most ${LEASE_LIMITS.leases} leases`);
    }
    return created;
  }
}

/** Whether a lease is there and not ending. */
export function hasLease(draft: Draft, lease: number): boolean {
  return (find(draft, lease)?.ttl ?? 0) > 0;
}

/** Begins or renews a lease; `null`: one with this number is ending. */
function grantLease(
  draft: Draft,
  { lease, ttl }: { readonly lease: number; readonly ttl: number },
  { revision, steady }: Moment,
): boolean | null {
  const found = find(draft, lease);
  if (found !== null && found.ttl === 0) return null;
  store(draft, { lease, ttl, ends: steady + ttl }, revision);
  return found === null;
}

/** Gives a lease its whole time again; false: it has ended. */
function renewLease(
  draft: Draft,
  lease: number,
  { revision, steady }: Moment,
): boolean {
  const found = find(draft, lease);
  if (found === null || found.ttl === 0) return false;
  store(draft, { lease, ttl: found.ttl, ends: steady + found.ttl }, revision);
  return true;
}

/** Ends leases, as many as fit into one entry of the log. */
export function endLeases(draft: Draft, due: readonly number[], moment: Moment): void {
  let keysMax = LEASE_LIMITS.keysAtOnce;
  for (const lease of due) {
    keysMax -= endLease(draft, { lease, keysMax }, moment) ?? 0;
    if (keysMax === 0) return;
  }
}

/**
 * Ends a lease: removes its keys, at most so many, and the lease itself if none is left. Returns how
 * many were removed; `null`: there is no such lease.
 */
function endLease(
  draft: Draft,
  { lease, keysMax }: { readonly lease: number; readonly keysMax: number },
  { revision }: Pick<Moment, "revision">,
): number | null {
  if (find(draft, lease) === null) return null;
  const keys = keysOf(draft, lease, keysMax + 1);
  for (const key of keys.slice(0, keysMax)) {
    draft.set(written(draft.get(key), { key, value: null, revision, lease }));
  }
  if (keys.length <= keysMax) {
    const key = leaseKey(lease);
    draft.set(written(draft.get(key), { key, value: null, revision }));
    return keys.length;
  }
  store(draft, { lease, ttl: 0, ends: 0 }, revision);
  return keysMax;
}

/** Leases from a number on, and the number behind the last one; 0: there are no more. */
function listLeases(
  draft: Draft,
  { from, limit }: { readonly from: number; readonly limit: number },
  steady: number,
): { readonly leases: readonly FoundLease[]; readonly next: number } {
  const leases: FoundLease[] = [];
  const range = { start: leaseKey(from), end: behind(LEASES), reverse: false };
  for (const { key, value } of draft.scanAll(range)) {
    const lease = numberOf(key, LEASES);
    if (leases.length === limit) return { leases, next: lease };
    const { ttl, ends } = decodeLease(value!);
    leases.push({ lease, ttl, left: Math.max(0, ends - steady) });
  }
  return { leases, next: 0 };
}

/** The first keys of a lease, in order. */
function keysOf(draft: Draft, lease: number, most: number): readonly Key[] {
  const start = boundKey(lease, "");
  const keys = new Set<Key>();
  for (const { key } of draft.scanAll({ start, end: behind(start), reverse: false })) {
    const name = key.slice(start.length);
    // What this batch has done to the key is not in the index yet.
    if (leaseOf(draft.get(name)) === lease) keys.add(name);
    if (keys.size === most) break;
  }
  for (const entry of draft.changed()) if (leaseOf(entry) === lease) keys.add(entry.key);
  return [...keys].sort().slice(0, most);
}

function find(draft: Draft, lease: number): Lease | null {
  const value = draft.get(leaseKey(lease))?.value ?? null;
  return value === null ? null : decodeLease(value);
}

function store(
  draft: Draft,
  { lease, ttl, ends }: Lease & { readonly lease: number },
  revision: number,
): void {
  const to = new Writer();
  to.u64(ttl);
  to.u64(ends);
  const key = leaseKey(lease);
  draft.set(written(draft.get(key), { key, value: to.finish(), revision }));
}
