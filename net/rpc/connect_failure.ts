/**
 * The reasons why a client could not connect, as values.
 *
 * @module
 */

import { type Closed, decodeHelloRefusal, type HelloRefusal, type WireValue } from "../wire/mod.ts";

/** Why there is no connection to a server. */
export interface ConnectFailure {
  /** What kind of failure it is. */
  readonly kind: ConnectFailureKind;
  /** One sentence that explains it. */
  readonly message: string;
}

/**
 * - `refused`: the machine is there, and nothing listens at that port or path
 * - `unknownHost`: no machine has this name
 * - `unreachable`: the system reports another failure
 * - `timeout`: the connection or the hello took too long
 * - `wrongPort`: it is the port for peers, not for clients
 * - `wrongCluster`: the node is of another cluster
 * - `wrongVersion`: the node speaks another version of the protocol
 * - `tooMany`: the node has no room for another connection
 * - `notKontiki`: the server is not a Kontiki node
 * - `closed`: the client was closed in the meantime
 */
export type ConnectFailureKind =
  | "refused"
  | "unknownHost"
  | "unreachable"
  | "timeout"
  | "wrongPort"
  | "wrongCluster"
  | "wrongVersion"
  | "tooMany"
  | "notKontiki"
  | "closed";

/** The kinds of refusals on the wire; a server sends no others. */
const KINDS: Readonly<Record<string, ConnectFailureKind>> = {
  wrongPort: "wrongPort",
  wrongCluster: "wrongCluster",
  wrongVersion: "wrongVersion",
  tooMany: "tooMany",
};

/** A failure that the system reports. Only the message tells an unknown name from other errors. */
export function systemFailure(error: Error): ConnectFailure {
  const { message } = error;
  const isRefused = error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.NotFound;
  if (isRefused) return { kind: "refused", message };
  const isUnknown = message.includes("failed to lookup address information");
  return { kind: isUnknown ? "unknownHost" : "unreachable", message };
}

/** The first frame was no hello that this client accepts. */
export function saidNo(hello: HelloRefusal | null, value: WireValue): ConnectFailure {
  if (hello !== null) return { kind: KINDS[hello.refusal] ?? "notKontiki", message: hello.detail };
  const refused = decodeHelloRefusal(value);
  if (refused === null) return { kind: "notKontiki", message: "wanted the hello of a server" };
  const { reason, detail } = refused;
  const kind = Object.hasOwn(KINDS, reason) ? KINDS[reason] : undefined;
  return { kind: kind ?? "notKontiki", message: detail };
}

/** A server that waits no longer for a hello has waited at least so long. */
const HELLO_MS_MIN = 500;

/**
 * Whether a dial that failed after this time should be tried again: this process was held up, and the
 * server hung up because it got no hello.
 */
export function late(failure: ConnectFailure | null, ms: number): boolean {
  return failure?.kind === "notKontiki" && ms > HELLO_MS_MIN;
}

/** The connection ended before a first frame. */
export function endedEarly({ kind, message }: Closed): ConnectFailure {
  switch (kind) {
    case "local":
      return { kind: "closed", message };
    case "silent":
      return { kind: "timeout", message };
    case "broken":
      return { kind: "unreachable", message };
    case "remote":
      return { kind: "notKontiki", message: "the other side hung up without a hello" };
    case "garbage":
    case "stalled":
      return { kind: "notKontiki", message };
  }
}
