/**
 * A cluster on this machine: a folder that says who its nodes are, and child processes that run
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

/** Where a node of a local cluster listens. */
export interface LocalNode {
  readonly id: NodeId;
  readonly peers: string;
  readonly clients: string;
  /** The node has served once. Without its folder it would forget its votes, so it needs it (D8). */
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
  // A file of an earlier version does not say it.
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

/** At once: several nodes may serve for the first time in the same moment. */
function writeNow(folder: string, file: ClusterFile): void {
  const path = `${folder}/cluster.json`;
  Deno.writeTextFileSync(`${path}.tmp`, `${JSON.stringify(file, null, 2)}\n`);
  Deno.renameSync(`${path}.tmp`, path);
}

function isThere(path: string): boolean {
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

/** What a {@linkcode LocalCluster} is made of. */
export interface LocalClusterOptions {
  readonly folder: string;
  readonly file: ClusterFile;
  readonly logLevel: string;
  /** The program that runs a node, with its first arguments. @default {selfCommand} */
  readonly command?: (id: NodeId) => readonly string[];
  /** Called when a node ends that nobody told to. */
  readonly died: (id: NodeId, code: number) => void;
}

interface Running {
  readonly child: Deno.ChildProcess;
  /** Resolves when the process has ended and its log is written. */
  readonly ended: Promise<void>;
  isStopping: boolean;
}

/** The processes of a local cluster. */
export class LocalCluster implements ProcessControl {
  readonly #options: LocalClusterOptions;
  readonly #running = new Map<NodeId, Running>();
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
    const { folder, logLevel, command = selfCommand } = this.#options;
    const file = this.#file;
    const node = file.nodes.find((each) => each.id === id)!;
    const [program, ...args] = command(id);
    args.push("node", "--id", `${id}`, "--cluster", file.cluster);
    args.push("--peers", file.nodes.map((each) => `${each.id}=${each.peers}`).join(","));
    args.push("--clients", file.nodes.map((each) => `${each.id}=${each.clients}`).join(","));
    args.push("--data", nodeFolder(folder, id));
    args.push("--control", "--until-input-ends", "--log-level", logLevel);
    if (node.hasServed) args.push("--existing");
    const logPath = `${folder}/${nodeName(id)}.log`;
    const log = await attempt(
      `write ${logPath}`,
      () => Deno.open(logPath, { append: true, create: true }),
    );
    const child = new Deno.Command(program!, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const logged = Promise.all([copyStream(child.stderr, log), this.#noteReady(id, child.stdout)]);
    const ended = child.status.then(async ({ code }) => {
      this.#running.delete(id);
      await logged;
      if (!running.isStopping) this.#options.died(id, code);
    });
    const running: Running = { child, ended, isStopping: false };
    this.#running.set(id, running);
  }

  /** Starts every node. */
  async startAll(): Promise<void> {
    for (const { id } of this.#options.file.nodes) await this.start(id);
  }

  /** As `kill -9`. */
  async kill(id: NodeId): Promise<void> {
    const running = this.#running.get(id);
    if (running === undefined) return;
    running.isStopping = true;
    running.child.kill("SIGKILL");
    await running.ended;
  }

  /** Stops every node, gently at first. */
  async stopAll(): Promise<void> {
    const all = [...this.#running.values()];
    for (const running of all) {
      running.isStopping = true;
      running.child.kill("SIGTERM");
    }
    const timer = setTimeout(() => {
      for (const running of this.#running.values()) running.child.kill("SIGKILL");
    }, stopMsMax);
    await Promise.all(all.map((running) => running.ended));
    clearTimeout(timer);
  }

  /** The message that a node logged last. */
  async lastMessage(id: NodeId): Promise<string> {
    const text = await Deno.readTextFile(`${this.#options.folder}/${nodeName(id)}.log`);
    const line = text.trimEnd().split("\n").at(-1) ?? "";
    return /"message":(".*")}$/.test(line)
      ? (JSON.parse(line) as { message: string }).message
      : line;
  }

  /** A node prints a line when it serves; from then on it must not start without its folder. */
  async #noteReady(id: NodeId, output: ReadableStream<Uint8Array>): Promise<void> {
    for await (const _ of output) {
      if (this.#file.nodes.find((node) => node.id === id)?.hasServed) continue;
      const nodes = this.#file.nodes.map((node) =>
        node.id === id ? { ...node, hasServed: true } : node
      );
      this.#file = { ...this.#file, nodes };
      writeNow(this.#options.folder, this.#file);
    }
  }
}

/** Copies as it comes, so that people can watch; `pipeTo` may keep what it read until the end. */
export async function copyStream(
  from: ReadableStream<Uint8Array>,
  to: Deno.FsFile,
): Promise<void> {
  for await (const bytes of from) {
    for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
  }
  to.close();
}
