/**
 * One life of one node as a child process: its start, its control socket, its end. It stops by
 * itself when this process is gone, because its standard input is a pipe from here.
 *
 * @module
 */

import { copyStream } from "../../cli/cluster/mod.ts";
import { type Address, ControlClient, type Plain, type WireValue } from "../../net/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import type { Machine } from "../cluster/mod.ts";

/** What a node process is told. */
export interface NodeProcessOptions {
  readonly id: NodeId;
  readonly ids: readonly NodeId[];
  readonly machine: Machine;
  /** The folder of this node; its log is written beside it. */
  readonly folder: string;
  /** Program and first arguments that run `node`. */
  readonly command: readonly string[];
  /** Where to listen for peers. @default {the loopback} */
  readonly hostname?: string;
  /** More arguments. */
  readonly args?: readonly string[];
  /** How long it may take until it serves. @default {60000} */
  readonly startMsMax?: number;
}

/** What a node counted until now. */
export interface NodeStats {
  readonly cpuMs: number;
  readonly memoryBytes: number;
  readonly traffic: {
    readonly requests: number;
    readonly bytes: number;
    readonly incoming: number;
  };
  readonly sizes: { readonly logBytes: number; readonly snapshotBytes: number };
  readonly peerRefusals: Readonly<Record<string, number>>;
  readonly clientRefusals: Readonly<Record<string, number>>;
}

/** The line a node prints when it serves. */
interface Ready {
  readonly peers: Address;
  readonly clients: Address | null;
}

/** How many lines of its log explain the end of a node. */
const LAST_LINES = 15;

/** A running node. */
export class NodeProcess {
  readonly id: NodeId;
  readonly control: ControlClient;
  readonly #child: Deno.ChildProcess;
  readonly #log: string;
  readonly #logged: Promise<void>;
  #ready: Ready | null = null;
  #isExpected = false;
  /** What went wrong, if it ended by itself. */
  failure: string | null = null;
  readonly ended: Promise<void>;

  private constructor(options: NodeProcessOptions) {
    const { id, ids, machine, folder, command, hostname, args = [] } = options;
    const peers = ids.map((each) =>
      each === id && hostname !== undefined ? `${id}=${hostname}:0` : `${each}`
    );
    const [program = "", ...first] = command;
    this.id = id;
    this.#log = `${folder}.log`;
    this.control = new ControlClient({ folder });
    this.#child = new Deno.Command(program, {
      args: [
        ...first,
        ...["--id", `${id}`, "--peers", peers.join(","), "--data", folder, "--cluster", "test"],
        ...["--control", "--machine", machine, "--until-input-ends", ...args],
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#logged = this.#writeLog();
    this.ended = this.#watch();
  }

  /** Starts a node and waits until it serves. */
  static async start(options: NodeProcessOptions): Promise<NodeProcess> {
    const process = new NodeProcess(options);
    const timer = setTimeout(() => process.#child.kill("SIGKILL"), options.startMsMax ?? 60_000);
    try {
      process.#ready = await readReady(process.#child.stdout);
    } finally {
      clearTimeout(timer);
    }
    if (process.#ready !== null) return process;
    await process.ended;
    throw new Error(`Cannot start n${options.id}: ${process.failure}`);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Where it listens for its peers. */
  get peers(): Address {
    return this.#ready!.peers;
  }

  /** Where it listens for clients, if it does. */
  get clients(): Address | null {
    return this.#ready?.clients ?? null;
  }

  async stats(): Promise<NodeStats> {
    return await this.control.stats() as Plain<NodeStats>;
  }

  machine(request: WireValue): Promise<WireValue> {
    return this.control.machine(request);
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** As `kill -9`. */
  async kill(): Promise<void> {
    this.killNow();
    await this.ended;
  }

  /** As {@linkcode kill}, without waiting for the end. */
  killNow(): void {
    this.#isExpected = true;
    this.control.close();
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  async #watch(): Promise<void> {
    const { code, signal } = await this.#child.status;
    await this.#logged;
    this.control.close();
    await closeQuietly(this.#child.stdin);
    // It may have ended by itself just before it was to be killed.
    if (this.#isExpected && signal === "SIGKILL") return;
    const lines = await lastLines(this.#log, LAST_LINES);
    this.failure = `n${this.id} ended by itself with ${signal ?? `code ${code}`}:\n${lines}`;
  }

  async #writeLog(): Promise<void> {
    const file = await Deno.open(this.#log, { append: true, create: true });
    await copyStream(this.#child.stderr, file);
  }
}

/** The last lines of a file, for people. */
export async function lastLines(path: string, count: number): Promise<string> {
  const text = await Deno.readTextFile(path);
  return text.trimEnd().split("\n").slice(-count).join("\n");
}

/** The first line, as it comes; the rest is let go. `null`: it ended before. */
async function readReady(stream: ReadableStream<Uint8Array>): Promise<Ready | null> {
  const reader = stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
    .getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) return null;
    text += value;
  }
  await reader.cancel();
  return JSON.parse(text.slice(0, text.indexOf("\n"))) as Ready;
}

/** A pipe to a process that is gone is broken: that is no news. */
async function closeQuietly(stream: WritableStream<Uint8Array>): Promise<void> {
  try {
    await stream.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe || error instanceof TypeError)) throw error;
  }
}
