/**
 * The client of a control socket: typed calls for tests and for the shell.
 *
 * @module
 */

import type { NodeId, Position } from "../../raft/mod.ts";
import type { Address, Plain, WireValue } from "../wire/mod.ts";
import { CONTROL_SOCKET } from "./control.ts";
import type { Faults } from "./faults.ts";
import { RpcClient } from "../rpc/mod.ts";

/** A node did not execute a command: it is down, does not answer, or refused. */
export class ControlError extends Error {
  /** The name of this class of errors. */
  override readonly name = "ControlError";
}

/** Options of a {@linkcode ControlClient}. */
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

  /** Makes a client, which connects at its first call. */
  constructor({ folder, withinMs = 5000 }: ControlClientOptions) {
    this.#rpc = new RpcClient({ server: { path: `${folder}/${CONTROL_SOCKET}` } });
    this.#withinMs = withinMs;
  }

  /** The current faults of the node's network. */
  async faults(): Promise<Faults> {
    return await this.#call({ command: "faults" }) as Plain<Faults>;
  }

  /** Replaces the given fields of the current faults. */
  async setFaults(faults: Partial<Faults>): Promise<void> {
    const plain: Plain<Partial<Faults>> = faults;
    await this.#call({ command: "setFaults", faults: plain as WireValue });
  }

  /** Sets the addresses of other nodes. */
  async setPeers(peers: ReadonlyMap<NodeId, Address>): Promise<void> {
    const list = [...peers].map(([id, { hostname, port }]) => ({ id, hostname, port }));
    await this.#call({ command: "setPeers", peers: list });
  }

  /** Proposes a command; `null` if the node does not lead. */
  async propose(data: Uint8Array): Promise<Position | null> {
    return await this.#call({ command: "propose", data }) as Plain<Position> | null;
  }

  /** The node's own report. */
  async report(): Promise<WireValue> {
    return await this.#call({ command: "report" });
  }

  /** Makes the node compact its log now. */
  async snapshot(): Promise<void> {
    await this.#call({ command: "snapshot" });
  }

  /** Makes the node stop as on a signal. */
  async stop(): Promise<void> {
    await this.#call({ command: "stop" });
  }

  /** Sends a command to the state machine of the node. */
  async machine(request: WireValue): Promise<WireValue> {
    return await this.#call({ command: "machine", request });
  }

  /** Closes the connection, if there is one. */
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
