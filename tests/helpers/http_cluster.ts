/**
 * Three nodes with HTTP ports as processes, for tests.
 *
 * @module
 */

import { assert } from "@std/assert";
import { freePort } from "../../cli/cluster/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import { firstLine, killCommand, runCommand, startCommand } from "./commands.ts";
import { until } from "./until.ts";
import { withFolder } from "./with_folder.ts";

/** A cluster that serves. */
export interface HttpCluster {
  readonly ids: readonly NodeId[];
  /** Where a node answers HTTP. */
  url(id: NodeId): string;
  /** The node that leads; waits until there is one. */
  leader(): Promise<NodeId>;
  /** Kills a node, as a power failure does. */
  kill(id: NodeId): Promise<void>;
  /** Starts a node that was killed. */
  start(id: NodeId): Promise<void>;
  /** Lets another node lead. */
  transfer(to: NodeId): Promise<void>;
  /** What the metadata exchange of KV Connect at a node says, in its order. */
  endpoints(id: NodeId, token: string): Promise<readonly string[]>;
}

interface Places {
  readonly peers: string;
  readonly clients: string;
  readonly http: string;
}

const TOKENS = "database-tokens";

/** Runs with a cluster of three. */
export async function withHttpCluster(
  { token, databaseTokens = "" }: {
    readonly token: string;
    /** The lines of tokens of single databases. */
    readonly databaseTokens?: string;
  },
  work: (cluster: HttpCluster) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/${TOKENS}`, databaseTokens);
    const cluster = new ChildCluster(folder, token);
    try {
      await Promise.all(cluster.ids.map((id) => cluster.start(id)));
      await cluster.leader();
      await work(cluster);
    } finally {
      await cluster.close();
    }
  });
}

class ChildCluster implements HttpCluster {
  readonly ids: readonly NodeId[] = [1, 2, 3];
  readonly #folder: string;
  readonly #token: string;
  readonly #places: ReadonlyMap<NodeId, Places>;
  readonly #running = new Map<NodeId, Deno.ChildProcess>();
  readonly #born = new Set<NodeId>();

  constructor(folder: string, token: string) {
    this.#folder = folder;
    this.#token = token;
    const place = () => `127.0.0.1:${freePort()}`;
    this.#places = new Map(this.ids.map((id) => {
      return [id, { peers: place(), clients: place(), http: place() }];
    }));
  }

  url(id: NodeId): string {
    return `http://${this.#places.get(id)!.http}`;
  }

  async start(id: NodeId): Promise<void> {
    const { http } = this.#places.get(id)!;
    const birth = this.#born.has(id) ? [] : ["--bootstrap"];
    this.#born.add(id);
    const child = startCommand([
      ...["node", "--id", `${id}`, "--data", `${this.#folder}/n${id}`, ...birth],
      ...["--peers", this.#list("peers"), "--clients", this.#list("clients")],
      ...[
        "--http",
        http,
        "--http-token",
        this.#token,
        "--database-tokens",
        `${this.#folder}/${TOKENS}`,
      ],
    ]);
    this.#running.set(id, child);
    await firstLine(child.stdout);
  }

  async kill(id: NodeId): Promise<void> {
    await killCommand(this.#running.get(id)!);
    this.#running.delete(id);
  }

  async leader(): Promise<NodeId> {
    let leader: NodeId | null = null;
    await until(async () => {
      leader = await this.#leader();
      return leader !== null && this.#running.has(leader);
    }, "a leader");
    return leader!;
  }

  async transfer(to: NodeId): Promise<void> {
    const line = ["transfer", `n${to}`, "--endpoints", this.#endpoints()];
    const { code, error } = await runCommand(line);
    assert(code === 0, error);
  }

  async endpoints(id: NodeId, token: string): Promise<readonly string[]> {
    const response = await fetch(`${this.url(id)}/db/any`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ supportedVersions: [3] }),
    });
    const { endpoints } = await response.json();
    return endpoints.map(({ url }: { readonly url: string }) => `${new URL(url, this.url(id))}`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map(killCommand));
  }

  async #leader(): Promise<NodeId | null> {
    const { out } = await runCommand(["status", "--endpoints", this.#endpoints(), "--json"]);
    return out === "" ? null : JSON.parse(out).leader ?? null;
  }

  #endpoints(): string {
    return [...this.#places.values()].map(({ clients }) => clients).join(",");
  }

  #list(role: keyof Places): string {
    return [...this.#places].map(([id, places]) => `${id}=${places[role]}`).join(",");
  }
}
