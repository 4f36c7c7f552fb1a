/**
 * `kontiki inspect`: what is in the folder of a node, and whether a node would start from it.
 * Changes nothing.
 *
 * @module
 */

import { formatTables, inspectTables, type TablesInspection } from "../../kv/mod.ts";
import { SystemClock } from "../../raft/mod.ts";
import { DenoFiles, type FolderReport, formatFolder, inspect } from "../../raft/storage/mod.ts";
import { TABLES_FOLDER } from "./recovery/mod.ts";
import {
  type CommandContext,
  CommandError,
  type ExitReason,
  untilInterrupted,
} from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";

/** Prints what is in the folder. */
export async function run(context: CommandContext<Row<"inspect">>): Promise<ExitReason> {
  const { output, args: { dir: folder } } = context;
  await checkFolder(folder);
  const found = await untilInterrupted(context, inspect(new DenoFiles(folder)));
  const files = found.files.filter(({ name }) => name !== TABLES_FOLDER);
  const report = { ...found, files };
  const tablesFolder = `${folder}/${TABLES_FOLDER}`;
  const tables = await isFolder(tablesFolder)
    ? await untilInterrupted(
      context,
      inspectTables(new DenoFiles(tablesFolder), new SystemClock()),
    )
    : null;
  const gap = gapBetween(report, tables);
  if (output.isJson) output.json({ ...report, tables, gap });
  else {
    output.line(formatFolder(report));
    if (tables !== null) output.line(formatTables(tables));
    if (gap !== null) output.line(`refused   ${gap}`);
  }
  if (report.verdict === "refused" || tables?.verdict === "refused" || gap !== null) {
    return "damaged";
  }
  return report.verdict === "empty" ? "notFound" : "ok";
}

/** What is missing between the tables and the log; `null`: nothing. */
function gapBetween({ base, last }: FolderReport, tables: TablesInspection | null): string | null {
  if (base === null || last === null || tables === null) return null;
  const { applied, isImage } = tables;
  if (applied.index < base.index) {
    return `the tables end at entry ${applied.index}, and the log begins behind ${base.index}`;
  }
  if (isImage || applied.index <= last.index) return null;
  return `the tables were written from the log up to entry ${applied.index}, ` +
    `and the log ends at ${last.index}`;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Refuses a folder that does not exist, which would look like an empty one. */
async function checkFolder(folder: string): Promise<void> {
  try {
    if ((await Deno.stat(folder)).isDirectory) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new CommandError("failure", `Cannot inspect ${folder}: wanted a folder, found nothing`);
  }
  throw new CommandError("failure", `Cannot inspect ${folder}: wanted a folder, got a file`);
}
