/**
 * `kontiki recover`: a new cluster of one node out of a folder that survived, when a majority of its
 * cluster is gone for ever.
 *
 * The new folder is made beside the old one, and then takes its name; the old one stays. It has a new
 * cluster id, so that no other node of the old cluster ever talks to it.
 *
 * @module
 */

import { type Folder, type Persistent, StorageError } from "../../raft/mod.ts";
import {
  type CommandContext,
  CommandError,
  type ExitReason,
  formatCount,
  nodeName,
  type Output,
  untilInterrupted,
} from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";
import { finish, lastOf, openOld, realDisk, recover, type Recovered } from "./recovery/mod.ts";

/** Makes the new cluster, or with --dry-run says what it would hold. */
export async function run(context: CommandContext<Row<"recover">>): Promise<ExitReason> {
  const { options, output, signal } = context;
  const data = options.data.replace(/(?<=.)\/+$/, "");
  try {
    const finished = options.dryRun ? null : await finish(data, realDisk);
    if (finished !== null) {
      if (!output.isJson) output.line("An earlier recovery was cut off; it is finished now.");
      showRecovered(output, data, finished, {});
      return "ok";
    }
    const old = await untilInterrupted(context, openOld(data, realDisk));
    try {
      const lines = linesOf(old.persistent, old.folder);
      if (!output.isJson) { for (const line of lines.text) output.line(line); }
      if (options.dryRun) {
        if (output.isJson) output.json({ outcome: "ok", dryRun: true, ...lines.json });
        return "ok";
      }
      showRecovered(output, data, await recover(data, old, { disk: realDisk, signal }), lines.json);
      return "ok";
    } finally {
      await old.files.close();
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new CommandError("damaged", error.message);
  }
}

function showRecovered(
  output: Output,
  data: string,
  { clusterId, kept }: Recovered,
  more: Readonly<Record<string, string | number>>,
): void {
  if (output.isJson) return output.json({ outcome: "ok", ...more, clusterId, kept });
  output.line(`The new cluster has the id ${clusterId}; the old folder is ${kept}.`);
  output.line(`Start it: kontiki node --data ${data}`);
  output.line("Then add nodes with empty folders; folders of the old cluster are refused.");
}

/** What is kept and what may be lost. */
function linesOf(persistent: Persistent, { identity: { node } }: Folder) {
  const { index, term, times: { wall } } = lastOf(persistent);
  const written = new Date(wall).toISOString();
  return {
    json: { node, index, term, written },
    text: [
      `${nodeName(node)} holds ${formatCount(index)} entries; the last is of ${written}.`,
      "All of them count from now on, also the last ones, which may never have been acknowledged.",
      "What only the lost nodes held is lost, although it may have been acknowledged.",
    ],
  };
}
