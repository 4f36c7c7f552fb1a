/**
 * `node`: runs one node until it is told to stop, by a signal, by its control socket or, with
 * `--until-input-ends`, by the end of its standard input. When it serves it prints one line of JSON
 * to standard output, with the addresses it listens on; all else goes to standard error.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import type { Address } from "../net/mod.ts";
import { StorageError } from "../raft/mod.ts";
import { exitCodes } from "./exit_codes.ts";
import { type MachineName, MACHINES } from "./machines.ts";
import { type NodeSettings, type RunningNode, runNode } from "./run_node.ts";

/** Runs a node as the flags say; resolves to the exit code. */
export async function nodeCommand(args: readonly string[]): Promise<number> {
  const flags = parseArgs([...args], {
    string: ["id", "cluster", "peers", "clients", "data", "machine", "log-level", "tick-ms"],
    boolean: ["control", "until-input-ends"],
  });
  let settings: NodeSettings;
  try {
    settings = readSettings(flags);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(error.message);
    return exitCodes.usage;
  }
  try {
    return await runUntilTold(settings, { untilInputEnds: flags["until-input-ends"] === true });
  } catch (error) {
    console.error(error instanceof Error ? error.message : `${error}`);
    return error instanceof StorageError ? exitCodes.damaged : exitCodes.failure;
  }
}

async function runUntilTold(
  settings: NodeSettings,
  { untilInputEnds }: { readonly untilInputEnds: boolean },
): Promise<number> {
  const node = await runNode(settings);
  const { id } = settings;
  console.log(JSON.stringify({ ready: true, id, peers: node.peers, clients: node.clients }));
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => stop(node));
  }
  if (untilInputEnds) stopAtEndOfInput(node);
  const error = await node.ended;
  if (error === null) return exitCodes.ok;
  console.error(error instanceof Error ? error.stack ?? error.message : `${error}`);
  return exitCodes.failure;
}

function stop(node: RunningNode): void {
  node.stop();
}

/** Whoever started this node is gone when the pipe from there ends. */
async function stopAtEndOfInput(node: RunningNode): Promise<void> {
  const buffer = new Uint8Array(1024);
  while (await Deno.stdin.read(buffer) !== null);
  stop(node);
}

function readSettings(flags: Record<string, unknown>): NodeSettings {
  const text = (name: string): string | null => {
    const value = flags[name];
    return typeof value === "string" && value !== "" ? value : null;
  };
  const id = readNumber(text("id"), "--id");
  const peers = new Map<number, Address | null>();
  for (const part of (text("peers") ?? `${id}`).split(",")) {
    const [peer = "", address = null] = part.split("=");
    peers.set(readNumber(peer, "--peers"), address === null ? null : readAddress(address));
  }
  const machine = text("machine") ?? "kv";
  if (!isMachine(machine)) {
    throw new RangeError(`Cannot use --machine: wanted ${MACHINES.join(", ")}, got ${machine}`);
  }
  const control = flags["control"] === true;
  if (machine !== "kv" && !control) {
    throw new RangeError(`Cannot use --machine ${machine}: wanted --control with it`);
  }
  const data = text("data");
  if (data === null) throw new RangeError("Cannot start node: wanted --data with a folder");
  const clients = text("clients");
  const tickMs = text("tick-ms");
  return {
    id,
    cluster: text("cluster") ?? "kontiki",
    peers,
    clients: clients === null ? null : readAddress(clients),
    data,
    control,
    machine,
    ...(tickMs === null ? {} : { tickMs: readNumber(tickMs, "--tick-ms") }),
    log: (line) => console.error(line),
  };
}

function isMachine(name: string): name is MachineName {
  return (MACHINES as readonly string[]).includes(name);
}

function readNumber(text: string | null, name: string): number {
  const value = Number(text ?? NaN);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`Cannot read ${name}: wanted a whole number from 1 on, got ${text}`);
}

/** `host:port`, or `[host]:port` for a host with colons. */
function readAddress(text: string): Address {
  const { host, port } = /^\[?(?<host>[^\]]+?)\]?:(?<port>\d+)$/.exec(text)?.groups ?? {};
  if (host !== undefined && Number(port) <= 65_535) return { hostname: host, port: Number(port) };
  throw new RangeError(`Cannot read address: wanted host:port, got ${text}`);
}

if (import.meta.main) Deno.exit(await nodeCommand(Deno.args));
