/**
 * The names of the machines in `machines.ts`, apart from them: the table of commands names them and
 * loads nothing.
 *
 * @module
 */

/** The names that `--machine` takes. */
export const MACHINES = [
  /** The key/value store (lab 4B). */
  "kv",
  /** Records applied commands (labs 3A to 3C). */
  "log",
  /** The same, with a snapshot after every tenth command, as the lab's tester takes them (3D). */
  "log-snapshots",
  /** Increments a number (lab 4A). */
  "counter",
  /** The same, with a snapshot when the log exceeds 1000 bytes. */
  "counter-snapshots",
  /** The store, with a snapshot when the log exceeds 1000 bytes (lab 4C). */
  "kv-snapshots",
] as const;

/** One of {@linkcode MACHINES}. */
export type MachineName = typeof MACHINES[number];
