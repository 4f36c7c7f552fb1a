/**
 * Fields of operations on leases.
 *
 * @module
 */

import { MalformedBytes } from "./bytes.ts";
import { type Field, listOf, whole } from "./fields.ts";

/** The number of a lease; its client chooses it. */
export const lease: Field<number> = {
  ...whole,
  wanted: "a number of a lease, from 1 on",
  is: (number): number is number => whole.is(number) && number > 0,
  read: (from) => {
    const number = from.u64();
    if (number > 0) return number;
    throw new MalformedBytes("wanted a number of a lease, got 0");
  },
};

/** The lease that a key ends with. */
export const leaseOrNone: Field<number> = {
  ...whole,
  wanted: "a number of a lease, or 0 for none",
  layout: "`u64`, 0: none",
  fallback: 0,
};

const TTL_MS = { min: 100, max: 86_400_000 };

/** How long a lease lives without being renewed. */
export const ttl: Field<number> = {
  ...whole,
  wanted: "100 to 86400000 milliseconds",
  layout: "`u64`, milliseconds",
  is: (ms): ms is number => whole.is(ms) && ms >= TTL_MS.min && ms <= TTL_MS.max,
  read: (from) => {
    const ms = from.u64();
    if (ms >= TTL_MS.min && ms <= TTL_MS.max) return ms;
    throw new MalformedBytes(`wanted ${ttl.wanted}, got ${ms}`);
  },
};

/** Numbers of leases. */
export const leaseNumbers: Field<readonly number[]> = listOf(lease, "leases");

/** A lease, as a read returns it. */
export interface FoundLease {
  /** Its number. */
  readonly lease: number;
  /** Its time to live, in milliseconds. */
  readonly ttl: number;
  /** What is left of it, in milliseconds. */
  readonly left: number;
}

const foundLease: Field<FoundLease> = {
  wanted: "a lease",
  layout: "lease (`u64`), time to live (`u64`), what is left (`u64`)",
  is: (found): found is FoundLease => {
    if (typeof found !== "object" || found === null) return false;
    const { lease, ttl, left } = found as FoundLease;
    return whole.is(lease) && whole.is(ttl) && whole.is(left);
  },
  write: (to, { lease, ttl, left }) => {
    for (const number of [lease, ttl, left]) whole.write(to, number);
  },
  read: (from) => ({ lease: whole.read(from), ttl: whole.read(from), left: whole.read(from) }),
  toJson: ({ lease, ttl, left }) => ({ lease, ttl, left }),
  fromJson: (json) => json,
};

/** What a list of leases found. */
export const foundLeases: Field<readonly FoundLease[]> = listOf(foundLease, "leases");
