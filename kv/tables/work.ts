/**
 * A flush, a merge, and the arrival of another state: what they read, what they leave, and what counts
 * when they are done.
 *
 * @module
 */

import type { Members, Moment as LogMoment } from "../../raft/mod.ts";
import { Pass, type Table } from "./files/mod.ts";
import type { TableFiles, TablesOptions } from "./folder/mod.ts";
import type { Import } from "./import.ts";
import {
  isBelow,
  kept,
  levelFor,
  MergedPasses,
  type MergePlan,
  replaceTables,
  runsOf,
  sizeOf,
} from "./merges/mod.ts";
import type { Moment } from "./stream.ts";
import type { Frozen, Versions } from "./versions.ts";

/** What the work is done on. */
export interface Place {
  readonly files: TableFiles;
  readonly versions: Versions;
  /** How long others have the thread between two slices. */
  readonly restMs: () => number;
}

/** Writes what is frozen into a table of level 0, but for versions that nobody can read any more. */
export async function writeFrozen(
  { files, versions, restMs }: Place,
  frozen: Frozen,
): Promise<void> {
  const keep = versions.keep(() => true);
  const options = { ...files.writeOptions(Infinity), restMs };
  const outputs = await files.write(kept(frozen.table.entries(""), keep), options);
  await files.install(
    ([newest = [], ...others]) => [[...outputs, ...newest], ...others],
    { held: frozen, members: null, oldest: () => versions.oldest },
  );
  versions.written(frozen);
}

/** Merges the tables of a plan. */
export async function mergeTables(
  { files, versions, restMs }: Place,
  { plan, tableBytes }: { readonly plan: MergePlan<Table>; readonly tableBytes: number },
): Promise<void> {
  const { levels } = files;
  const keep = versions.keep((key) => isBelow(levels, plan.level, key));
  const passes = runsOf(plan.from).map((tables) => new Pass(tables));
  const options = { ...files.writeOptions(tableBytes), restMs };
  const outputs = await files.write(new MergedPasses(passes, keep), options);
  await files.install((now) => replaceTables(now, plan, outputs), {
    held: null,
    oldest: () => versions.oldest,
  });
  for (const table of plan.from.flat()) files.discard(table);
}

/** Puts a state of another server that has arrived whole in the place of everything. */
export async function replaceState(
  { files, versions }: Place,
  { arrived, moment, position, members, options }: {
    readonly arrived: Import;
    readonly moment: Moment;
    readonly position: LogMoment;
    readonly members: Members;
    readonly options: Required<TablesOptions>;
  },
): Promise<void> {
  const tables = await arrived.finish();
  const before = files.levels.flat();
  const level = levelFor(sizeOf(tables), options);
  const levels = [...Array.from({ length: level }, () => []), tables];
  const { deletions } = moment;
  versions.replacing(position);
  const held = { applied: position, deletions };
  await files.install(() => levels, { held, members, oldest: () => versions.oldest });
  versions.replaced(position, deletions);
  for (const table of before) files.discard(table);
}
