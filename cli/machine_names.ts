/**
 * The names of the machines in `machines.ts`, apart from them: the table of commands names them and
 * loads nothing.
 *
 * @module
 */

/** The names that `--machine` takes. */
export const MACHINES = [
  "kv",
  "log",
  "log-snapshots",
  "counter",
  "counter-snapshots",
  "kv-snapshots",
] as const;

/** One of {@linkcode MACHINES}. */
export type MachineName = typeof MACHINES[number];
