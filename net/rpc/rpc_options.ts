/**
 * What a server of numbered requests is told: its handler and its limits, with their defaults in one
 * place.
 *
 * @module
 */

import type { WireValue } from "../wire/mod.ts";

/** Answers one request. Calls after the first have no effect, and none does when the client left. */
export type Reply = (payload: WireValue) => void;

/** Every limit may be made tiny in tests. */
export interface RpcLimits {
  /** The longest request or reply. @default {4 MiB} */
  readonly frameBytesMax: number;
  /** The longest hello: all that a stranger can make us hold. @default {256} */
  readonly helloBytesMax: number;
  /** Time to say hello. @default {2000} */
  readonly helloMsMax: number;
  /** Connections that have not said hello; a further one pushes out the oldest. @default {256} */
  readonly strangersMax: number;
  /** Connections; a further one pushes out the one that is idle longest. @default {4096} */
  readonly connectionsMax: number;
  /** Who says nothing for this long may be pushed out. @default {10000} */
  readonly idleMsMin: number;
  /** Who says nothing for this long has to go. @default {600000} */
  readonly idleMsMax: number;
  /** How long a client may refuse to take bytes that wait for it. @default {10000} */
  readonly stallMsMax: number;
  /** Replies that may wait for one client; instead of a further long one, "overloaded". @default {16 MiB} */
  readonly queueBytesMax: number;
  /** Long replies that may wait for all clients. @default {256 MiB} */
  readonly queueBytesTotalMax: number;
  /** Requests under way on one connection. @default {8192} */
  readonly inFlightMax: number;
  /** Requests under way on all connections together. @default {65536} */
  readonly inFlightTotalMax: number;
  /** Size of the requests under way on all connections. @default {128 MiB} */
  readonly inFlightBytesMax: number;
}

/** What is used where an option says nothing. */
export const RPC_LIMITS: RpcLimits = {
  frameBytesMax: 4 * 2 ** 20,
  helloBytesMax: 256,
  helloMsMax: 2000,
  strangersMax: 256,
  connectionsMax: 4096,
  idleMsMin: 10_000,
  idleMsMax: 600_000,
  stallMsMax: 10_000,
  queueBytesMax: 16 * 2 ** 20,
  queueBytesTotalMax: 256 * 2 ** 20,
  inFlightMax: 8192,
  inFlightTotalMax: 65_536,
  inFlightBytesMax: 128 * 2 ** 20,
};

/** What an {@linkcode RpcServer} is made of. */
export interface RpcServerOptions {
  /** Where requests come from: TCP, or a Unix socket. The server closes it. */
  readonly listener: Deno.Listener;
  /** Told to clients in the hello. */
  readonly cluster: string;
  /** Who this server says it is. */
  readonly id: number;
  /** Must not throw. What is answered with more than 1 KiB must be a question that changes nothing. */
  readonly handle: (request: WireValue, reply: Reply) => void;
  /** Takes a line about what was refused. */
  readonly log: (line: string) => void;
  /** What differs from the usual limits. */
  readonly limits?: Partial<RpcLimits>;
}
