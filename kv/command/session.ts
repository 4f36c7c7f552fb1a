/**
 * Numbered requests: a client that numbers its writes may send each as often as it likes, and it is
 * executed once.
 *
 * @module
 */

import type { Reader, Writer } from "./bytes.ts";

/** Names a request among all requests of all clients. */
export interface RequestNumber {
  /** Steady time of the log when the session began, from a server's reply. */
  readonly born: number;
  /** The session: a random number below 2^53. */
  readonly session: number;
  /** Counts the requests of the session from 1 on. */
  readonly number: number;
  /** The client has the answers to all numbers up to this one, or needs them no more. */
  readonly answered: number;
}

/** What a request number takes. */
export const REQUEST_NUMBER_BYTES = 32;

/** Writes a request number. */
export function writeNumber(to: Writer, { born, session, number, answered }: RequestNumber): void {
  to.u64(born);
  to.u64(session);
  to.u64(number);
  to.u64(answered);
}

/** Reads a request number. */
export function readNumber(from: Reader): RequestNumber {
  return { born: from.u64(), session: from.u64(), number: from.u64(), answered: from.u64() };
}
