/**
 * Reports the content of a folder of tables, without changing or locking anything. It reads every
 * block, and goes on behind damage, so that it shows all of it at once.
 *
 * @module
 */

import { type Clock, type Files, type Position, StorageError } from "../../raft/mod.ts";
import {
  BlockCache,
  type Entry,
  type Manifest,
  readManifest,
  Table,
  type TableName,
  tableName,
  UNFINISHED,
} from "./files/mod.ts";
import { merged } from "./merges/mod.ts";
import { Slices } from "./folder/mod.ts";

/** One table file. */
export interface TableReport {
  /** Its name. */
  readonly file: string;
  /** The level that the manifest puts it on. */
  readonly level: number;
  /** How long it is. */
  readonly bytes: number;
  /** How many versions of keys it has, deletions counted too. */
  readonly entries: number;
  /** The revisions of its oldest and newest version. */
  readonly revisions: readonly [number, number];
  /** Its first and last key, as binary strings. */
  readonly keys: readonly [string, string];
  /** What is wrong with it; `null`: every block checks. */
  readonly problem: string | null;
}

/** The report on a folder of tables. */
export interface TablesInspection {
  /** Whether a node would start with it. */
  readonly verdict: "sound" | "empty" | "refused";
  /** The first reason why not. */
  readonly problem: string | null;
  /** The last entry of the log that the tables hold. */
  readonly applied: Position;
  /** Whether they hold an image of another server, which alone may be ahead of the log. */
  readonly isImage: boolean;
  /** The oldest revision that can be read. */
  readonly oldest: number;
  /** Bytes of all tables. */
  readonly bytes: number;
  /** The number of keys that have a value; `null` where damage keeps it unknown, as in the next two. */
  readonly keys: number | null;
  /** How many versions of keys there are, deletions counted too. */
  readonly versions: number | null;
  /** Bytes of all tables for each byte of keys and newest values. */
  readonly spaceAmplification: number | null;
  /** Every table that the manifest names. */
  readonly tables: readonly TableReport[];
  /** Files that a start would remove. */
  readonly garbage: readonly string[];
}

const NOTHING = { keys: null, versions: null, spaceAmplification: null };

/** Reports the content of a folder and changes nothing. */
export async function inspectTables(files: Files, clock: Clock): Promise<TablesInspection> {
  const names = await files.list();
  let manifest: Manifest;
  try {
    manifest = await readManifest(files);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    const applied = { index: 0, term: 0 };
    const empty = { applied, isImage: false, oldest: 0, bytes: 0, tables: [], garbage: [] };
    return { verdict: "refused", problem: error.problem, ...empty, ...NOTHING };
  }
  const slices = new Slices(clock);
  const { applied: { index, term }, members, horizon: oldest, levels } = manifest;
  const applied = { index, term };
  const named = new Set(levels.flat().map(({ number }) => tableName(number)));
  const garbage = names.filter((name) => /\.table$/.test(name) || name.endsWith(UNFINISHED))
    .filter((name) => !named.has(name)).toSorted();
  const opened: Table[] = [];
  const tables: TableReport[] = [];
  for (const [level, named] of levels.entries()) {
    for (const table of named) {
      const name = { ...table, name: tableName(table.number) };
      tables.push(await inspectTable({ files, slices, name, level, opened }));
    }
  }
  const bytes = tables.reduce((sum, table) => sum + table.bytes, 0);
  const problem = tables.find((table) => table.problem !== null)?.problem ?? null;
  const counts = problem === null ? await countKeys(opened, { slices, bytes }) : NOTHING;
  for (const table of opened) table.release();
  const verdict = problem !== null ? "refused" : index === 0 ? "empty" : "sound";
  return {
    ...{ verdict, problem, applied, isImage: members !== null, oldest, bytes },
    ...{ ...counts, tables, garbage },
  };
}

async function inspectTable(
  { files, slices, name, level, opened }: {
    readonly files: Files;
    readonly slices: Slices;
    readonly name: TableName;
    readonly level: number;
    readonly opened: Table[];
  },
): Promise<TableReport> {
  const file = name.name;
  let table: Table | null = null;
  let problem: string | null = null;
  try {
    table = await Table.open(files, name, new BlockCache(0));
    opened.push(table);
    for (const _block of table.verify()) if (slices.isOver) await slices.pause();
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!(error instanceof StorageError) && !isMissing) throw error;
    problem = error instanceof StorageError
      ? error.problem
      : "the manifest names a table that is not there";
  }
  if (table === null) {
    return { file, level, bytes: 0, entries: 0, revisions: [0, 0], keys: ["", ""], problem };
  }
  const { entries, firstRevision, lastRevision, smallest, largest } = table.summary;
  const revisions = [firstRevision, lastRevision] as const;
  return {
    file,
    level,
    bytes: table.bytes,
    entries,
    revisions,
    keys: [smallest, largest],
    problem,
  };
}

async function countKeys(
  tables: readonly Table[],
  { slices, bytes }: { readonly slices: Slices; readonly bytes: number },
): Promise<Pick<TablesInspection, "keys" | "versions" | "spaceAmplification">> {
  let [keys, versions, liveBytes] = [0, 0, 0];
  let last: Entry | null = null;
  for (const entry of merged(tables.map((table) => table.entries("")))) {
    versions++;
    if (entry.key !== last?.key && entry.value !== null) {
      keys++;
      liveBytes += entry.key.length + entry.value.length;
    }
    last = entry;
    if (slices.isOver) await slices.pause();
  }
  return { keys, versions, spaceAmplification: liveBytes === 0 ? null : bytes / liveBytes };
}

/** The report as lines for people. */
export function formatTables(report: TablesInspection): string {
  const { applied: { index, term }, keys, versions, bytes, spaceAmplification } = report;
  const lines = [
    `tables    ${report.verdict}, up to ${index}@${term}, readable from revision ${report.oldest} on`,
  ];
  if (keys !== null) {
    const times = spaceAmplification === null
      ? ""
      : `, ${spaceAmplification.toFixed(2)} × the keys and values`;
    lines.push(`state     ${keys} keys in ${versions} versions, ${bytes} bytes${times}`);
  }
  for (const table of report.tables) {
    const [first, last] = table.revisions;
    const content =
      `level ${table.level}: ${table.entries} versions, revisions ${first} to ${last}`;
    const mark = table.problem === null ? "ok" : "BAD";
    const text = table.problem ?? content;
    lines.push(
      `${mark.padEnd(4)} ${table.file.padEnd(43)} ${String(table.bytes).padStart(11)}  ${text}`,
    );
  }
  for (const name of report.garbage) lines.push(`garbage   ${name}: a start removes it`);
  return lines.join("\n");
}
