/**
 * `kontiki recover`: a new cluster of one node out of a folder that survived, when a majority of its
 * cluster is gone for ever.
 *
 * The new folder is made beside the old one, and then takes its name; the old one stays. It has a new
 * cluster id, so that no other node of the old cluster ever talks to it.
 *
 * @module
 */

import { inspectTables } from "../../kv/mod.ts";
import { isThere } from "../cluster/mod.ts";
import {
  DenoFiles,
  drawId,
  FileStorage,
  type Folder,
  loneLog,
  type Moment,
  NO_STARTS,
  type Persistent,
  readFolder,
  StorageError,
  SystemClock,
  writeFolder,
} from "../../raft/mod.ts";
import {
  attempt,
  type CommandContext,
  CommandError,
  type ExitReason,
  formatCount,
  nodeName,
  untilInterrupted,
} from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";
import { TABLES_FOLDER } from "./machines.ts";

/** Makes the new cluster, or with --dry-run says what it would hold. */
export async function run(context: CommandContext<Row<"recover">>): Promise<ExitReason> {
  const { options, output } = context;
  const data = options.data.replace(/(?<=.)\/+$/, "");
  try {
    const old = await untilInterrupted(context, openOld(data));
    try {
      const lines = linesOf(old.persistent, old.folder);
      if (!output.isJson) { for (const line of lines.text) output.line(line); }
      if (options.dryRun) {
        if (output.isJson) output.json({ outcome: "ok", dryRun: true, ...lines.json });
        return "ok";
      }
      const { clusterId, kept } = await makeNew(data, old);
      if (output.isJson) output.json({ outcome: "ok", ...lines.json, clusterId, kept });
      else {
        output.line(`The new cluster has the id ${clusterId}; the old folder is ${kept}.`);
        output.line(`Start it: kontiki node --data ${data}`);
        output.line("Then add nodes with empty folders; folders of the old cluster are refused.");
      }
      return "ok";
    } finally {
      await old.files.close();
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new CommandError("damaged", error.message);
  }
}

/** The folder that survived. */
interface Old {
  readonly folder: Folder;
  readonly persistent: Persistent;
  /** Holds the lock of the folder. */
  readonly files: DenoFiles;
}

async function openOld(data: string): Promise<Old> {
  const files = new DenoFiles(data);
  const folder = await attempt(`read ${data}`, () => readFolder(files, null));
  if (folder === null || folder.founders === null) {
    throw new CommandError("failure", `Cannot recover ${data}: it belongs to no cluster`);
  }
  const { identity } = folder;
  const storage = new FileStorage({ files: new DenoFiles(data), identity, create: false });
  const persistent = await storage.load();
  // A storage that is open makes files ahead, and the folder is about to be renamed.
  await storage.close();
  if (!await files.lock()) throw new StorageError("locked", "another process uses the folder");
  try {
    await checkTables(`${data}/${TABLES_FOLDER}`, persistent);
  } catch (error) {
    await files.close();
    throw error;
  }
  return { folder, persistent, files };
}

/** Refuses a state that is ahead of the log: a start of the node puts both in order. */
async function checkTables(folder: string, persistent: Persistent): Promise<void> {
  if (!isThere(folder)) return;
  const { applied, verdict } = await inspectTables(new DenoFiles(folder), new SystemClock());
  const last = lastOf(persistent);
  if (verdict !== "refused" && applied.index <= last.index) return;
  throw new CommandError(
    "failure",
    `Cannot recover: wanted tables up to entry ${last.index} at most, got ${applied.index}. Start ` +
      "the node once; it puts its log in order and waits for the others",
  );
}

function lastOf({ entries, snapshot }: Persistent): Moment {
  return entries.at(-1) ?? snapshot?.last ?? { index: 0, term: 0, times: { steady: 0, wall: 0 } };
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

/** Makes the new folder whole, and then gives it the name of the old one. */
async function makeNew(
  data: string,
  { folder, persistent }: Old,
): Promise<{ readonly clusterId: string; readonly kept: string }> {
  const next = `${data}.recovering`;
  const kept = `${data}.before-${Date.now()}`;
  const identity = { ...folder.identity, clusterId: drawId(), incarnation: drawId() };
  const { peer, client } = folder;
  const member = { id: identity.node, incarnation: identity.incarnation, peer, client };
  if (isThere(next)) await Deno.remove(next, { recursive: true });
  const storage = new FileStorage({ files: new DenoFiles(next), identity });
  try {
    await storage.load();
    await storage.save(loneLog(persistent, member, Date.now()));
  } finally {
    await storage.close();
  }
  await copyTables(`${data}/${TABLES_FOLDER}`, `${next}/${TABLES_FOLDER}`);
  const founders = { voters: [member], outgoing: [], learners: [] };
  const whole = { identity, founders, peer, client, hasBegun: true, starts: NO_STARTS, heard: [] };
  await writeFolder(new DenoFiles(next), whole);
  await attempt(`rename ${data}`, () => Deno.rename(data, kept));
  await attempt(`rename ${next}`, () => Deno.rename(next, data));
  return { clusterId: identity.clusterId, kept };
}

async function copyTables(from: string, to: string): Promise<void> {
  if (!isThere(from)) return;
  await Deno.mkdir(to, { mode: 0o700 });
  for await (const { name, isFile } of Deno.readDir(from)) {
    if (!isFile || name === "lock") continue;
    await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
    const file = await Deno.open(`${to}/${name}`, { write: true });
    await file.sync();
    file.close();
  }
}
