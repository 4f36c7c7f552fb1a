/**
 * What waits in a replicated state machine. Only types.
 *
 * @module
 */

import type { Index } from "../core/mod.ts";
import type { Outcome } from "./rsm_options.ts";

/** A command, until its outcome is known. */
export interface Submitted {
  readonly command: Uint8Array;
  /** The outcome is of no use after this time. */
  readonly deadline: number;
  readonly done: (outcome: Outcome) => void;
  /** Its place in the log; 0 until it has one. */
  index: Index;
}

/** A question to the machine, until it may be answered. */
export interface Asked {
  readonly request: Uint8Array;
  readonly deadline: number;
  readonly done: (outcome: Outcome) => void;
}
