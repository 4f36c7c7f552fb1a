/**
 * The other end of a control socket: typed calls for tests and for the shell.
 *
 * @module
 */

import type { NodeId, Position, Status } from "../../raft/mod.ts";
import type { Address, Plain, WireValue } from "../wire/mod.ts";
import { CONTROL_SOCKET } from "./control.ts";
import type { Faults } from "./faults.ts";
import { RpcClient } from "../rpc/mod.ts";

/** The node did not do what it was asked for: it is gone, stuck, or said no. */
export class ControlError extends Error {
  /** The name of this class of errors. */
  override readonly name = "ControlError";
}

/** How a {@linkcode ControlClient} behaves. */
export interface ControlClientOptions {
  /** The data folder of the node. */
  readonly folder: string;
  /** How long a node may take to answer. @default {5000} */
  readonly withinMs?: number;
}

/** Talks to one node that was started with `--control`. */
export class ControlClient {
  readonly #rpc: RpcClient;
  readonly #withinMs: number;

  /** Nothing is dialled before the first call. */
  constructor({ folder, withinMs = 5000 }: ControlClientOptions) {
    this.#rpc = new RpcClient({ server: { path: `${folder}/${CONTROL_SOCKET}` } });
    this.#withinMs = withinMs;
  }

  /** What is wrong with the node's network at the moment. */
  async faults(): Promise<Faults> {
    return await this.#call({ command: "faults" }) as Plain<Faults>;
  }

  /** Replaces the named parts of the faults in force. */
  async setFaults(faults: Partial<Faults>): Promise<void> {
    const plain: Plain<Partial<Faults>> = faults;
    await this.#call({ command: "setFaults", faults: plain as WireValue });
  }

  /** Tells where other nodes listen. */
  async setPeers(peers: ReadonlyMap<NodeId, Address>): Promise<void> {
    const list = [...peers].map(([id, { hostname, port }]) => [id, hostname, port]);
    await this.#call({ command: "setPeers", peers: list });
  }

  /** Proposes a command; `null` if the node does not lead. */
  async propose(data: Uint8Array): Promise<Position | null> {
    return await this.#call({ command: "propose", data }) as Plain<Position> | null;
  }

  /** A look at the node. */
  async status(): Promise<Status> {
    return await this.#call({ command: "status" }) as Plain<Status>;
  }

  /** What the node has counted. */
  async stats(): Promise<WireValue> {
    return await this.#call({ command: "stats" });
  }

  /** Makes the node compact its log now. */
  async snapshot(): Promise<void> {
    await this.#call({ command: "snapshot" });
  }

  /** Makes the node stop as it would on a signal. */
  async stop(): Promise<void> {
    await this.#call({ command: "stop" });
  }

  /** A command of the machine that the node runs. */
  async machine(request: WireValue): Promise<WireValue> {
    return await this.#call({ command: "machine", request });
  }

  /** Ends the connection, if there is one. */
  close(): void {
    this.#rpc.close();
  }

  async #call(request: { readonly [key: string]: WireValue }): Promise<WireValue> {
    const outcome = await this.#rpc.call(request, { withinMs: this.#withinMs });
    const what = `${request["command"]}`;
    if (outcome.kind !== "replied") {
      throw new ControlError(`Cannot ${what}: the node did not answer: ${outcome.reason}`);
    }
    const answer = outcome.payload;
    const fields = answer as { readonly value?: WireValue; readonly error?: WireValue } | null;
    if (typeof answer !== "object" || fields === null || !("value" in fields)) {
      throw new ControlError(`Cannot ${what}: ${fields?.error ?? "no answer"}`);
    }
    return fields.value ?? null;
  }
}
