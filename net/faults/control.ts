/**
 * The control socket of a node: a Unix socket that only the node's user can open, over which tests
 * and the shell disturb the network, inspect the node and stop it. A node has one only if it was
 * started with `--control`; nothing else constructs this.
 *
 * A request is an object with the name of a command and its arguments; the answer is an object with
 * either the `value` or an `error`. See `docs/protocol.md`.
 *
 * @module
 */

import type { NodeId, Position } from "../../raft/mod.ts";
import type { Address, Plain, WireValue } from "../wire/mod.ts";
import type { Faults } from "./faults.ts";
import { type Fields, readObject } from "./fields.ts";
import { parseFaults } from "./parse_faults.ts";
import { type Answer, listenPrivately, RpcServer } from "../rpc/mod.ts";

/** The socket's name within the folder of a node. */
export const CONTROL_SOCKET = "control.sock";

/** The operations of a node that its control socket offers. */
export interface ControlTarget {
  /** The current faults of the network. */
  readonly faults: Faults;
  /** Replaces the given fields of the current faults. */
  setFaults(change: Partial<Faults>): void;
  /** Sets the address of another node. */
  setPeer(id: NodeId, address: Address): void;
  /** Proposes a command; `null` if the node does not lead. */
  propose(command: Uint8Array): Position | null;
  /** The node's own report, as a plain value. */
  report(): WireValue;
  /** Takes a snapshot of the state machine now. */
  snapshot(): void;
  /** Ends the node, after this call has been answered. */
  stop(): void;
  /** Commands of the machine that runs, such as what a test's machine has applied. */
  machine(request: WireValue, reply: Answer): void;
}

/** Options of a control socket. */
export interface ControlOptions {
  /** Where the socket is made; an old one is replaced. */
  readonly path: string;
  /** The name of the cluster, sent in the hello. */
  readonly cluster: string;
  /** The id of this node. */
  readonly id: NodeId;
  /** The node that the commands act on. */
  readonly target: ControlTarget;
  /** Receives a line for each refusal. */
  readonly log: (line: string) => void;
}

/** Only tests and the shell of one user connect here. */
const CONTROL_LIMITS = { connectionsMax: 16, pendingHellosMax: 8 };

/**
 * Opens the control socket.
 *
 * @throws {RangeError} If its path is longer than a socket's may be.
 */
export async function openControl(options: ControlOptions): Promise<RpcServer> {
  const { path, cluster, id, target, log } = options;
  const listener = await listenPrivately(
    path,
    (path) => Deno.listen({ transport: "unix", path }),
  );
  const handle = (request: WireValue, reply: Answer): void => control(target, { request, reply });
  return new RpcServer({ listener, cluster, id, handle, log, limits: CONTROL_LIMITS });
}

function control(
  target: ControlTarget,
  { request, reply }: { readonly request: WireValue; readonly reply: Answer },
): void {
  try {
    const fields = readObject(request, "request");
    if (fields.string("command") === "machine") {
      const question = fields.value("request") as WireValue;
      return target.machine(question, (value) => reply({ value }));
    }
    reply({ value: run(target, fields) });
  } catch (error) {
    // Only errors of the request are answered; a bug of this program must not be hidden.
    const isOfRequest = error instanceof SyntaxError || error instanceof RangeError ||
      error instanceof TypeError;
    if (!isOfRequest) throw error;
    reply({ error: error.message });
  }
}

function run(target: ControlTarget, fields: Fields): WireValue {
  const command = fields.string("command");
  switch (command) {
    case "faults":
      return plain(target.faults);
    case "setFaults":
      target.setFaults(parseFaults(fields.value("faults")));
      return null;
    case "setPeers":
      for (const { id, hostname, port } of fields.objects("peers").map(peer)) {
        target.setPeer(id, { hostname, port });
      }
      return null;
    case "propose": {
      const position = target.propose(fields.bytes("data"));
      return position === null ? null : plain(position);
    }
    case "report":
      return target.report();
    case "snapshot":
      target.snapshot();
      return null;
    case "stop":
      // The answer must leave before the node stops.
      setTimeout(() => target.stop(), 0);
      return null;
    default:
      throw new RangeError(`Cannot run command: wanted a known one, got ${command}`);
  }
}

/** The id of a node, and where it listens. */
function peer(fields: Fields): Address & { readonly id: NodeId } {
  const id = fields.integer("id");
  return { id, hostname: fields.string("hostname"), port: fields.integer("port") };
}

/** Types of plain data as a wire value; their interfaces have no index signature. */
function plain(value: Plain<Faults> | Plain<Position>): WireValue {
  return value;
}
