/**
 * Clients of the store: the clerk, watches, leases, a lock on a lease, and the course's lock on versioned puts.
 *
 * @module
 */

export { Clerk } from "./clerk.ts";
export type {
  BatchOutcome,
  Call,
  CallOptions,
  CallResult,
  ClerkOptions,
  GetResult,
  PutOptions,
  PutResult,
  ReadOptions,
} from "./clerk_types.ts";
export {
  type GrantResult,
  type KeptLease,
  LeaseKeeper,
  type LeaseKeeperOptions,
  type LeaseLoss,
} from "./lease_keeper.ts";
export { type AcquireOptions, LeasedLock, type LeasedLockOptions } from "./leased_lock.ts";
export { type AcquireResult, Lock, type LockOptions } from "./lock.ts";
export {
  type OpenWatch,
  Watcher,
  type WatcherOptions,
  type WatchFailure,
  type WatchNext,
  type WatchStreamEnd,
  type WatchStreamHandle,
} from "./watcher.ts";
