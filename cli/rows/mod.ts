/**
 * The table of all commands: the one place that says which commands, arguments, flags, defaults and
 * examples exist. The parser, `--help`, `docs/reference.md` and the types that commands get are made
 * from it. Data only; `cli/commands.ts` says which code stands behind a row.
 *
 * @module
 */

import {
  compact,
  elect,
  get,
  lease,
  lock,
  member,
  put,
  shell,
  status,
  transfer,
} from "./cluster.ts";
import { batch, count, dump, history, list, load, remove, watch } from "./keys.ts";
import { faults, heal, partition, up } from "./local.ts";
import { inspect, node, recover, version } from "./node.ts";
import { begin, commit, exit, help, kill, rollback, sleep, start, unlock } from "./shell.ts";
import { bench, check, fuzz, sim, test } from "./trials.ts";

export { beginBatch, endBatch, type OpenBatch, openBatch } from "./open_batch.ts";
export { type MachineName, MACHINES } from "./machine_names.ts";

/** Every command of the executable, in the order of `--help`. */
export const rows = [
  ...[node, up, get, put, remove, list, count, history, batch, dump, load] as const,
  ...[
    watch,
    lock,
    elect,
    lease,
    shell,
    status,
    member,
    transfer,
    compact,
    partition,
    heal,
    faults,
  ] as const,
  ...[test, sim, fuzz, check, bench, inspect, recover, version] as const,
] as const;

/** The commands that only a shell has. */
export const shellRows = [begin, commit, rollback, unlock, kill, start, sleep] as const;

/** What the shell itself answers. */
export const ownRows = { help, exit } as const;

/** A row of either. */
type AnyRow = (typeof rows)[number] | (typeof shellRows)[number];

/** The name of a command. */
export type CommandName = AnyRow["name"];

/** The row of the command of this name, as a type: `Row<"get">`. */
export type Row<Name extends CommandName> = Extract<AnyRow, { readonly name: Name }>;
