/**
 * `kontiki node`: one node, until it is stopped by a signal, by its control socket, or with
 * `--until-input-ends` by the end of its standard input. When it serves it prints one line of JSON
 * to standard output, with the addresses it listens on; its log goes to standard error.
 *
 * Invariant: after a signal to stop it ends within {@linkcode stopMsMax}, even if a save never
 * ends, and keeps everything that it acknowledged.
 *
 * @module
 */

import type { Address } from "../../net/mod.ts";
import { NeedsUpgrade } from "../../kv/mod.ts";
import { StorageError, type StorageErrorKind } from "../../raft/mod.ts";
import {
  addressText,
  type CommandContext,
  CommandError,
  type ExitReason,
  nodeName,
  systemMessage,
  UsageError,
} from "../table/mod.ts";
import type { ClusterDoor } from "../door/mod.ts";
import { ListenError } from "../metrics/mod.ts";
import { StoppedUnborn } from "./birth.ts";
import { type NodeLog, setupLog } from "./log/mod.ts";
import { parseEndpoint } from "../cluster/mod.ts";
import type { Row } from "../rows/mod.ts";
import type { NodeSettings, RunningNode } from "./node_settings.ts";
import { runNode } from "./run_node.ts";
import { settingsOf } from "./node_flags.ts";
import { nestedSpans, sendMetrics } from "./telemetry.ts";

const stopMsMax = 3000;

/** Runs a node with these flags. */
export async function run(context: CommandContext<Row<"node">>): Promise<ExitReason> {
  const { options, output } = context;
  const logOf = (node: string): NodeLog =>
    setupLog({
      level: options.logLevel,
      isTerminal: output.isErrorTerminal,
      isColorWanted: output.isErrorColored,
      write: (line) => output.note(line),
      node,
    });
  let log = logOf(options.id === null ? "node" : nodeName(options.id));
  try {
    const settings = await settingsOf(options);
    log = logOf(nodeName(settings.id));
    return await serve(context, { ...settings, log });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { reason, message } = failureOf(error);
    log.error(message);
    return reason;
  }
}

async function serve(
  { options, output, signal }: CommandContext<Row<"node">>,
  settings: NodeSettings,
): Promise<ExitReason> {
  const { id, log } = settings;
  const stopping = new AbortController();
  const stopped = Promise.withResolvers<void>();
  stopping.signal.addEventListener("abort", () => stopped.resolve());
  signal.addEventListener("abort", () => stopping.abort());
  if (options.untilInputEnds) endOfInput().then(() => stopping.abort());
  const node = await start({ ...settings, stopping: stopping.signal });
  if (node === null) return "ok";
  sendMetrics(() => node.samples(), (line) => log.warn(line));
  const door = await startDoor(node, settings, options);
  const { peers, clients } = node;
  const http = door?.address ?? null;
  const places = `peers ${placeOf(peers)}, clients ${placeOf(clients)}, HTTP ${placeOf(http)}`;
  log.info(`${nodeName(id)} serves: ${places}`);
  if (!output.isTerminal) output.json({ ready: true, id, peers, clients, http });
  const error = await Promise.race([
    node.ended,
    stopped.promise.then(() => stopSoon({ node, door })),
  ]);
  if (error !== null) throw error;
  log.info(`${nodeName(id)} stopped`);
  return "ok";
}

/** A stop that takes too long is abandoned: what is not durable by then was never acknowledged. */
function stopSoon(
  { node, door }: { readonly node: RunningNode; readonly door: ClusterDoor | null },
): Promise<unknown> {
  const patience = new Promise<null>((resolve) => setTimeout(() => resolve(null), stopMsMax));
  const ended = Promise.all([node.stop(), door?.close()]).then(() => node.ended);
  return Promise.race([ended, patience]);
}

/** The node, or `null`: it was stopped before its cluster was born. */
async function start(settings: NodeSettings): Promise<RunningNode | null> {
  try {
    return await runNode(settings);
  } catch (error) {
    if (error instanceof StoppedUnborn) return null;
    if (error instanceof RangeError) throw new UsageError(error.message, "node");
    throw error;
  }
}

/** Opens the HTTP port, if one is asked for; a node without the port that was asked for does not run. */
async function startDoor(
  node: RunningNode,
  settings: NodeSettings,
  options: CommandContext<Row<"node">>["options"],
): Promise<ClusterDoor | null> {
  if (options.http === null) return null;
  try {
    const address = parseEndpoint(options.http);
    // A node without an HTTP port does not load it: its modules take five megabytes.
    const { accessOf, openNodeDoor } = await import("../door/mod.ts");
    const http = { address, access: await accessOf(options), spans: nestedSpans() };
    return await openNodeDoor(node, settings, http);
  } catch (error) {
    await node.stop();
    if (error instanceof RangeError) throw new UsageError(error.message, "node");
    throw error;
  }
}

/** How a node whose folder is of no use gets everything from the others. */
const WAY_BACK =
  ". To get it back from them, move the folder away, start the node again with its " +
  'number and its addresses, and run "kontiki member replace" with it';

/** The reason why the node ended. Only an error of this program shows its stack. */
function failureOf(error: unknown): { readonly reason: ExitReason; readonly message: string } {
  if (error instanceof StorageError) {
    const { kind, message } = error;
    const isFolder = isFolderAtFault[kind];
    const way = kind === "damaged" ? WAY_BACK : "";
    return { reason: isFolder ? "damaged" : "failure", message: `${message}${way}` };
  }
  if (error instanceof NeedsUpgrade) return { reason: "needsUpgrade", message: error.message };
  if (error instanceof ListenError) return { reason: "failure", message: listenMessage(error) };
  if (error instanceof CommandError) return error;
  const system = systemMessage(error);
  if (system !== null) return { reason: "failure", message: `Cannot go on: ${system}` };
  const isOurs = error instanceof Error;
  return { reason: "failure", message: isOurs ? error.stack ?? error.message : String(error) };
}

function listenMessage({ cause, place: { address, role } }: ListenError): string {
  const place = `Cannot listen for ${role} ${placeOf(address)}`;
  if (cause instanceof Deno.errors.AddrInUse) {
    return `${place}: wanted a free port, got one in use`;
  }
  if (cause instanceof Deno.errors.AddrNotAvailable) {
    return `${place}: wanted an address of this machine`;
  }
  return `${place}: ${cause instanceof Error ? cause.message : String(cause)}`;
}

/**
 * The exit code of a storage error: whether the folder is damaged, or the system refused an
 * operation.
 */
const isFolderAtFault: Readonly<Record<StorageErrorKind, boolean>> = {
  damaged: true,
  foreign: true,
  newer: true,
  older: true,
  empty: true,
  locked: false,
  full: false,
  failed: false,
};

/** Resolves when the pipe from the program that started this node ends, or cannot be read. */
async function endOfInput(): Promise<void> {
  const buffer = new Uint8Array(1024);
  try {
    while (await Deno.stdin.read(buffer) !== null);
  } catch (error) {
    if (systemMessage(error) === null) throw error;
  }
}

function placeOf(address: Address | null): string {
  return address === null ? "nowhere" : `at ${addressText(address)}`;
}
