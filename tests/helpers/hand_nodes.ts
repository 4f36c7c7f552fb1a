/**
 * Processes of `kontiki node` that a test starts, kills and starts again one by one, each with a
 * folder and addresses of its own.
 *
 * @module
 */

import { freePort } from "../../cli/cluster/mod.ts";
import { startCommand } from "./commands.ts";
import { withFolder } from "./with_folder.ts";

/** So much of the end of a log is kept for the message of a failure. */
const LOG_CHARACTERS = 4_000;

interface Running {
  readonly child: Deno.ChildProcess;
  /** Resolves when the node serves, or to false when it ended before. */
  readonly serves: Promise<boolean>;
  readonly drained: Promise<unknown>;
  log: string;
}

/** Nodes such as `a2`; the digits are the number of the node. */
export class HandNodes {
  readonly folder: string;
  readonly #places = new Map<string, string>();
  readonly #running = new Map<string, Running>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The nodes that run. */
  get running(): readonly string[] {
    return [...this.#running.keys()];
  }

  /** The address of a node, for its peers or its clients. */
  place(name: string, role: "peer" | "client"): string {
    const key = `${name} ${role}`;
    const place = this.#places.get(key) ?? `127.0.0.1:${freePort()}`;
    this.#places.set(key, place);
    return place;
  }

  /** The data folder of a node. */
  folderOf(name: string): string {
    return `${this.folder}/${name}`;
  }

  /** Starts a node; does not wait until it serves. */
  start(name: string, ...more: readonly string[]): void {
    const place = ["--peer", this.place(name, "peer"), "--clients", this.place(name, "client")];
    const own = ["--id", name.slice(1), "--data", this.folderOf(name), ...place];
    const child = startCommand(["node", ...own, ...more]);
    const ready = Promise.withResolvers<boolean>();
    const running: Running = { child, serves: ready.promise, drained: Promise.resolve(), log: "" };
    const reading = read(child.stdout, (text) => {
      if (text.includes("\n")) ready.resolve(true);
    }).then(() => ready.resolve(false));
    const logging = read(child.stderr, (text) => {
      running.log = (running.log + text).slice(-LOG_CHARACTERS);
    });
    this.#running.set(name, Object.assign(running, { drained: Promise.all([reading, logging]) }));
  }

  /** Starts the nodes of a new cluster, and waits until they serve. */
  async bootstrap(names: readonly string[], ...more: readonly string[]): Promise<void> {
    const peers = names.map((name) => `${name.slice(1)}=${this.place(name, "peer")}`).join();
    for (const name of names) this.start(name, "--bootstrap", "--peers", peers, ...more);
    for (const name of names) await this.serves(name);
  }

  /** Waits until a node serves. */
  async serves(name: string): Promise<void> {
    const running = this.#running.get(name)!;
    if (!await running.serves) throw new Error(`${name} ended before it served:\n${running.log}`);
  }

  /** The end of the log of a node that runs. */
  log(name: string): string {
    return this.#running.get(name)!.log;
  }

  /** As `kill -9`, or gently with SIGTERM. */
  async kill(name: string, signal: Deno.Signal = "SIGKILL"): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined) return;
    this.#running.delete(name);
    try {
      running.child.kill(signal);
    } catch (error) {
      // The process has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
    await running.child.status;
    await Promise.allSettled([running.child.stdin.close(), running.drained]);
  }

  async close(): Promise<void> {
    for (const name of this.running) await this.kill(name);
  }
}

async function read(
  stream: ReadableStream<Uint8Array>,
  got: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const bytes of stream) got(decoder.decode(bytes, { stream: true }));
}

/** Runs with a folder for nodes, and leaves none running. */
export async function withHandNodes(work: (nodes: HandNodes) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const nodes = new HandNodes(folder);
    try {
      await work(nodes);
    } finally {
      await nodes.close();
    }
  });
}
