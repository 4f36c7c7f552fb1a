/**
 * Clients of the store: the clerk, and a lock based on versioned puts.
 *
 * @module
 */

export {
  type BatchOutcome,
  type Call,
  type CallOptions,
  type CallResult,
  Clerk,
  type ClerkOptions,
  type GetResult,
  type PutOptions,
  type PutResult,
} from "./clerk.ts";
export { type AcquireResult, Lock, type LockOptions } from "./lock.ts";
