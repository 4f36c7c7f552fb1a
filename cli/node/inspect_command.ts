/**
 * `kontiki inspect`: what is in the folder of a node, and whether a node would start from it.
 * Changes nothing.
 *
 * @module
 */

import { DenoFiles, formatFolder, inspect } from "../../raft/storage/mod.ts";
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
  const report = await untilInterrupted(context, inspect(new DenoFiles(folder)));
  if (output.isJson) output.json(report);
  else output.line(formatFolder(report));
  switch (report.verdict) {
    case "sound":
      return "ok";
    case "empty":
      return "notFound";
    case "refused":
      return "damaged";
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
