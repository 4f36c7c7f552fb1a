/**
 * A cluster on this machine: a folder that lists its nodes, and child processes that run
 * them. Each node has its own folder and its own log file below the cluster's.
 *
 * Invariant: no node outlives this process. A node's standard input is a pipe from here; it stops
 * when that pipe ends, however this process ended.
 *
 * @module
 */

import type { NodeId } from "../../raft/mod.ts";
import { attempt, CommandError, nodeName, type ProcessControl, selfCommand } from "../table/mod.ts";
import { freePort, isFreePort } from "./free_port.ts";
import { NodeProcess } from "./node_process.ts";

/** Where a node of a local cluster listens. */
export interface LocalNode {
  readonly id: NodeId;
  readonly peers: string;
  readonly clients: string;
  /** Whether the node has served once. A cluster of which a node has served does not begin anew. */
  readonly hasServed: boolean;
}

/** What the folder of a local cluster says. */
export interface ClusterFile {
  readonly format: 1;
  readonly cluster: string;
  readonly nodes: readonly LocalNode[];
}

const host = "127.0.0.1";

/** How long a node may take to stop before it is killed. */
const stopMsMax = 5000;

/** The folder of one node. */
export function nodeFolder(folder: string, id: NodeId): string {
  return `${folder}/${nodeName(id)}`;
}

/** What the folder says, or `null`: it is not the folder of a local cluster. */
export async function readClusterFile(folder: string): Promise<ClusterFile | null> {
  const path = `${folder}/cluster.json`;
  const text = await attempt(`read ${path}`, () => readIfThere(path));
  if (text === null) return null;
  const file = parseClusterFile(text);
  if (file === null) {
    throw new CommandError("damaged", `Cannot read ${path}: wanted a cluster of format 1`);
  }
  return file;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (isMissing) return null;
    throw error;
  }
}

function parseClusterFile(text: string): ClusterFile | null {
  try {
    const file = JSON.parse(text) as ClusterFile;
    const isWhole = file.format === 1 && typeof file.cluster === "string" &&
      Array.isArray(file.nodes) && file.nodes.every((node) =>
        Number.isSafeInteger(node.id) && typeof node.peers === "string" &&
        typeof node.clients === "string"
      );
    return isWhole ? file : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

/** Finds or makes the cluster of a folder, with ports that are free now. */
export async function prepareCluster(
  folder: string,
  wanted: { readonly nodes: number; readonly port: number },
): Promise<ClusterFile> {
  const old = await readClusterFile(folder);
  const ids = old?.nodes.map((node) => node.id) ??
    Array.from({ length: wanted.nodes }, (_, at) => at + 1);
  // The file of an earlier version does not say which nodes have served.
  const didServe = old?.nodes.some(({ id }) => isThere(nodeFolder(folder, id))) ?? false;
  const taken = new Set<string>();
  const address = (before: string | undefined, port: number): string => {
    let candidate = wanted.port > 0 ? `${host}:${port}` : before;
    while (candidate === undefined || taken.has(candidate) || !isFree(candidate)) {
      if (wanted.port > 0) {
        throw new CommandError("failure", `Cannot listen on ${candidate}: the port is in use`);
      }
      candidate = `${host}:${freePort()}`;
    }
    taken.add(candidate);
    return candidate;
  };
  const nodes = ids.map((id, at) => {
    const before = old?.nodes.find((node) => node.id === id);
    const port = wanted.port + 2 * at;
    const peers = address(before?.peers, port);
    const clients = address(before?.clients, port + 1);
    return { id, peers, clients, hasServed: before?.hasServed ?? didServe };
  });
  const file: ClusterFile = { format: 1, cluster: old?.cluster ?? "kontiki", nodes };
  await attempt(`write the cluster's file in ${folder}`, () => writeClusterFile(folder, file));
  return file;
}

async function writeClusterFile(folder: string, file: ClusterFile): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  writeNow(folder, file);
}

/** Writes synchronously, since several nodes may serve for the first time at the same moment. */
function writeNow(folder: string, file: ClusterFile): void {
  const path = `${folder}/cluster.json`;
  Deno.writeTextFileSync(`${path}.tmp`, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
  Deno.renameSync(`${path}.tmp`, path);
}

/** Whether a path names a file or a folder. */
export function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function isFree(address: string): boolean {
  return isFreePort(Number(address.slice(address.lastIndexOf(":") + 1)));
}

/** How a node ended. */
export interface NodeEnd {
  readonly code: number;
  /** What it logged last. */
  readonly lastMessage: string;
}

/** What a {@linkcode LocalCluster} is made of. */
export interface LocalClusterOptions {
  readonly folder: string;
  readonly file: ClusterFile;
  readonly logLevel: string;
  /** More flags of every node. @default {none} */
  readonly flags?: readonly string[];
  /** This program for a node, with its first arguments. @default {selfCommand} */
  readonly command?: (id: NodeId) => readonly string[];
  /** Called when a node ends by itself. */
  readonly died: (id: NodeId, end: NodeEnd) => void;
}

/** The processes of a local cluster. */
export class LocalCluster implements ProcessControl {
  readonly #options: LocalClusterOptions;
  readonly #running = new Map<NodeId, NodeProcess>();
  readonly #paused = new Set<NodeId>();
  #file: ClusterFile;

  constructor(options: LocalClusterOptions) {
    this.#options = options;
    this.#file = options.file;
  }

  /** Whether the node's process is there. */
  isRunning(id: NodeId): boolean {
    return this.#running.has(id);
  }

  /** Starts a node; does not wait until it serves. */
  async start(id: NodeId): Promise<void> {
    const { folder, logLevel, flags = [], command = selfCommand, died } = this.#options;
    const { nodes, cluster } = this.#file;
    const list = (role: "peers" | "clients") =>
      nodes.map((node) => `${node.id}=${node[role]}`).join(",");
    const args = ["--cluster", cluster, "--peers", list("peers"), "--clients", list("clients")];
    if (!nodes.some((node) => node.hasServed)) args.push("--bootstrap");
    const node = await NodeProcess.spawn({
      id,
      folder: nodeFolder(folder, id),
      command: [...command(id), "node"],
      args: [...args, ...flags, "--log-level", logLevel],
    });
    this.#running.set(id, node);
    node.serves.then((isServing) => isServing && this.#noteServed(id));
    node.ended.then(async (code) => {
      this.#running.delete(id);
      if (node.failure === null) return;
      died(id, { code, lastMessage: messageOf(await node.lastLines(1)) });
    });
  }

  /** Starts every node. */
  async startAll(): Promise<void> {
    for (const { id } of this.#options.file.nodes) await this.start(id);
  }

  /** As `kill -STOP`. */
  pause(id: NodeId): void {
    const node = this.#running.get(id);
    if (node === undefined) return;
    node.signal("SIGSTOP");
    this.#paused.add(id);
    node.ended.then(() => this.#paused.delete(id));
  }

  /** As `kill -CONT`. */
  resume(id: NodeId): void {
    this.#running.get(id)?.signal("SIGCONT");
    this.#paused.delete(id);
  }

  /** Whether {@linkcode pause} holds it. */
  isPaused(id: NodeId): boolean {
    return this.#paused.has(id);
  }

  /** As `kill -9`. */
  async kill(id: NodeId): Promise<void> {
    await this.#running.get(id)?.kill();
  }

  /** Stops every node, gently at first. */
  async stopAll(): Promise<void> {
    for (const id of this.#paused) this.resume(id);
    await Promise.all([...this.#running.values()].map((node) => node.stop(stopMsMax)));
  }

  /** From now on no node begins a new cluster. */
  #noteServed(id: NodeId): void {
    const { nodes } = this.#file;
    if (nodes.some((node) => node.id === id && node.hasServed)) return;
    const noted = nodes.map((node) => node.id === id ? { ...node, hasServed: true } : node);
    this.#file = { ...this.#file, nodes: noted };
    writeNow(this.#options.folder, this.#file);
  }
}

/** The message of a line of the log; the whole line if it is not one of a node's log. */
function messageOf(line: string): string {
  return /"message":(".*")}$/.test(line) ? (JSON.parse(line) as { message: string }).message : line;
}
