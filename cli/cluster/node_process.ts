/**
 * One run of one node as a child process: its start, its control socket, its end. It stops by itself
 * when this process is gone, because its standard input is a pipe from here.
 *
 * @module
 */

import { type Address, ControlClient, type Plain, type WireValue } from "../../net/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import { attempt, type CountingReport } from "../table/mod.ts";

/** How to run a node. */
export interface NodeProcessOptions {
  readonly id: NodeId;
  /** The folder of this node; its log is written beside it. */
  readonly folder: string;
  /** Program and first arguments that run `node`. */
  readonly command: readonly string[];
  /** Arguments of `node` besides its id, its folder and its control socket. */
  readonly args: readonly string[];
  /** How long it may take until it serves. @default {60000} */
  readonly startMsMax?: number;
}

/** The line a node prints when it serves. */
interface Ready {
  readonly peers: Address;
  readonly clients: Address | null;
}

/** Number of lines of its log in the message about a node that ended by itself. */
const LAST_LINES = 15;

/** A running node. */
export class NodeProcess {
  readonly id: NodeId;
  readonly control: ControlClient;
  readonly #child: Deno.ChildProcess;
  readonly #log: string;
  readonly #logged: Promise<void>;
  /** Resolves to false when it ended before it served. */
  readonly serves: Promise<boolean>;
  /** The line it printed; `null`: it ended before. */
  readonly #saysReady: Promise<Ready | null>;
  #ready: Ready | null = null;
  /** How this process ended the node, if it did. */
  #ending: "none" | "kill" | "stop" = "none";
  /** What went wrong, if it ended by itself. */
  failure: string | null = null;
  /** Resolves to the exit code when the process has ended and its log is written. */
  readonly ended: Promise<number>;

  private constructor(options: NodeProcessOptions, log: Deno.FsFile) {
    const { id, folder, command, args } = options;
    const [program = "", ...first] = command;
    this.id = id;
    this.#log = logPath(folder);
    this.control = new ControlClient({ folder });
    const own = ["--id", `${id}`, "--data", folder, "--control", "--until-input-ends"];
    this.#child = new Deno.Command(program, {
      args: [...first, ...own, ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#logged = copyStream(this.#child.stderr, log);
    this.#saysReady = readReady(this.#child.stdout);
    this.serves = this.#saysReady.then((ready) => ready !== null);
    this.ended = this.#watch();
  }

  /** Starts a node. It may take some time until it serves. */
  static async spawn(options: NodeProcessOptions): Promise<NodeProcess> {
    const path = logPath(options.folder);
    const open = () => Deno.open(path, { append: true, create: true, mode: 0o600 });
    return new NodeProcess(options, await attempt(`write ${path}`, open));
  }

  /** Starts a node and waits until it serves. */
  static async start(options: NodeProcessOptions): Promise<NodeProcess> {
    const process = await NodeProcess.spawn(options);
    const timer = setTimeout(() => process.signal("SIGKILL"), options.startMsMax ?? 60_000);
    process.#ready = await process.#saysReady.finally(() => clearTimeout(timer));
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

  async report(): Promise<CountingReport> {
    return await this.control.report() as Plain<CountingReport>;
  }

  machine(request: WireValue): Promise<WireValue> {
    return this.control.machine(request);
  }

  /** Sends a signal, unless the process has ended. */
  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** As `kill -9`. */
  async kill(): Promise<void> {
    this.killNow();
    await this.ended;
  }

  /** As {@linkcode kill}, without waiting for the end. */
  killNow(): void {
    this.#ending = "kill";
    this.control.close();
    this.signal("SIGKILL");
  }

  /** Stops it gently, and kills it if that takes longer than this. */
  async stop(withinMs: number): Promise<void> {
    this.#ending = "stop";
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), withinMs);
    await this.ended.finally(() => clearTimeout(timer));
  }

  /** The last lines of its log. */
  lastLines(count: number): Promise<string> {
    return lastLines(this.#log, count);
  }

  async #watch(): Promise<number> {
    const { code, signal } = await this.#child.status;
    await this.#logged;
    this.control.close();
    await closeQuietly(this.#child.stdin);
    // The node may have ended by itself just before it was to be killed.
    if (this.#ending === "stop" || (this.#ending === "kill" && signal === "SIGKILL")) return code;
    const lines = await this.lastLines(LAST_LINES);
    this.failure = `n${this.id} ended by itself with ${signal ?? `code ${code}`}:\n${lines}`;
    return code;
  }
}

/** The log of the node in the folder. */
function logPath(folder: string): string {
  return `${folder}.log`;
}

/**
 * Writes each piece as it arrives, so that a user can watch; `pipeTo` may keep pieces until the
 * end.
 */
async function copyStream(from: ReadableStream<Uint8Array>, to: Deno.FsFile): Promise<void> {
  for await (const bytes of from) {
    for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
  }
  to.close();
}

/** The last lines of a file, for people. */
export async function lastLines(path: string, count: number): Promise<string> {
  const text = await Deno.readTextFile(path);
  return text.trimEnd().split("\n").slice(-count).join("\n");
}

/** The first line; the rest of the stream is discarded. `null`: the stream ended before. */
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

/** Closes the pipe to a process that may have ended already, which breaks the pipe. */
async function closeQuietly(stream: WritableStream<Uint8Array>): Promise<void> {
  try {
    await stream.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe || error instanceof TypeError)) throw error;
  }
}
