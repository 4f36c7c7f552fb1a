/**
 * The state machine of lab 4A: a number with two valid commands. The third must never be executed
 * and ends a server that does.
 *
 * @module
 */

import { invariant, type StateMachine } from "../../raft/mod.ts";
import { decodeNumber, encodeNumber } from "./lab_command.ts";

/** Adds 1; the reply is the new value. */
export const INCREMENT = Uint8Array.of(1);
/** Does nothing. */
export const NOTHING = Uint8Array.of(2);
/** Must never be executed. */
export const FORBIDDEN = Uint8Array.of(3);

/** A replicated number, from 0 up. */
export class CounterMachine implements StateMachine {
  #value = 0;

  apply(command: Uint8Array): Uint8Array {
    invariant(command[0] !== FORBIDDEN[0], "the forbidden command is never executed");
    if (command[0] === INCREMENT[0]) this.#value++;
    return encodeNumber(this.#value);
  }

  query(): Uint8Array {
    return encodeNumber(this.#value);
  }

  snapshot(): Uint8Array {
    return encodeNumber(this.#value);
  }

  restore(data: Uint8Array): void {
    this.#value = decodeCounter(data);
  }
}

/** The number in a reply or an image of the counter. */
export function decodeCounter(bytes: Uint8Array): number {
  const value = decodeNumber(bytes);
  if (value === null) {
    throw new RangeError(`Cannot read the counter: wanted a number, got ${bytes}`);
  }
  return value;
}
