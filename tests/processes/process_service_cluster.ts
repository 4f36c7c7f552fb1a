/**
 * A {@linkcode ServiceCluster} of real processes: clients reach the nodes over TCP, with all calls
 * to one node on one connection. Faults of the network between clients and nodes are applied here,
 * before and after the socket; cuts between nodes do not affect clients.
 *
 * @module
 */

import { clerkCall } from "../../net/store/mod.ts";
import type { CallResult } from "../../kv/mod.ts";
import { type Address, decide, RpcClient } from "../../net/mod.ts";
import { type Clock, type NodeId, type Outcome, SystemClock } from "../../raft/mod.ts";
import type { ServiceCluster, Traffic } from "../cluster/mod.ts";
import { ProcessCluster, type ProcessClusterOptions } from "./process_cluster.ts";

/** The time until a client learns that the server is down (section 3.3). */
const NOBODY_MS_MAX = 99;
/** Replaces an infinite deadline, which no timer supports. */
const PATIENCE_MS_MAX = 120_000;

/** A cluster of services in child processes. */
export class ProcessServiceCluster extends ProcessCluster implements ServiceCluster {
  readonly clientClock: Clock = new SystemClock();
  /** The connection to the current process of each node. */
  readonly #connections = new Map<NodeId, { readonly pid: number; readonly rpc: RpcClient }>();
  #requests = 0;
  #bytes = 0;

  constructor(options: ProcessClusterOptions) {
    super({ ...options, args: ["--clients", "127.0.0.1:0", ...options.args ?? []] });
  }

  async execute(id: NodeId, command: Uint8Array): Promise<Outcome | null> {
    return await this.askMachine(id, ["execute", command]) as Outcome | null;
  }

  async peek(id: NodeId, request: Uint8Array): Promise<Uint8Array | null> {
    return await this.askMachine(id, ["query", request]) as Uint8Array | null;
  }

  async call(id: NodeId, request: Uint8Array, deadline: number): Promise<CallResult> {
    this.#requests++;
    this.#bytes += request.length;
    const [delayMs] = this.#decide(id, "request");
    if (delayMs === undefined) return null;
    if (delayMs > 0) await this.sleep(delayMs);
    if (!this.isRunning(id)) {
      await this.sleep(this.random() * NOBODY_MS_MAX);
      return "unsent";
    }
    const rpc = this.#connectionTo(id);
    const withinMs = Math.min(deadline - this.clientClock.now(), PATIENCE_MS_MAX);
    const result = await clerkCall(rpc, { request, withinMs });
    if (result === "unsent" || result === null) return result;
    const [lateMs] = this.#decide(id, "reply");
    if (lateMs === undefined) return null;
    if (lateMs > 0) await this.sleep(lateMs);
    this.#bytes += result.length;
    return result;
  }

  override async traffic(): Promise<Traffic> {
    const { requests, bytes, incoming } = await super.traffic();
    return { requests: requests + this.#requests, bytes: bytes + this.#bytes, incoming };
  }

  override async close(options: { readonly keep?: boolean } = {}): Promise<void> {
    for (const { rpc } of this.#connections.values()) rpc.close();
    await super.close(options);
  }

  #decide(id: NodeId, kind: "request" | "reply"): readonly number[] {
    const link = kind === "request" ? { from: 0, to: id } : { from: id, to: 0 };
    return decide(this.faults, { link, kind, random: this.random });
  }

  #connectionTo(id: NodeId): RpcClient {
    const { pid, clients } = this.node(id);
    const known = this.#connections.get(id);
    if (known?.pid === pid) return known.rpc;
    known?.rpc.close();
    const rpc = new RpcClient({ server: clients as Address });
    this.#connections.set(id, { pid, rpc });
    return rpc;
  }
}
