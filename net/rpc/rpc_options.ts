/**
 * The options of a server of numbered requests: its handler, and its limits with their defaults.
 *
 * @module
 */

import type { WireValue } from "../wire/mod.ts";
import type { OpenStream } from "./server_streams.ts";

/**
 * Answers one request. Calls after the first have no effect, nor do calls once the client has left.
 * `short` is sent where there is no room for a long reply; without it the client learns that the
 * server is overloaded, which says that nothing was changed.
 */
export type Answer = (payload: WireValue, short?: WireValue) => void;

/** Every limit may be made tiny in tests. */
export interface RpcLimits {
  /** The longest request or reply. @default {9 MiB} */
  readonly frameBytesMax: number;
  /** The longest hello, which bounds the memory for an unknown client. @default {1 KiB} */
  readonly helloBytesMax: number;
  /** Time to say hello. @default {2000} */
  readonly helloMsMax: number;
  /** Connections that have not said hello; a further one pushes out the oldest. @default {256} */
  readonly pendingHellosMax: number;
  /**
   * Number of clients; a further one evicts the client that has been idle longest. @default {4096}
   */
  readonly connectionsMax: number;
  /** Idle time before a client may be evicted when the server is full. @default {10000} */
  readonly idleMsMin: number;
  /** Idle time before a client is disconnected. @default {600000} */
  readonly idleMsMax: number;
  /** How long a client may refuse to take bytes that wait for it. @default {10000} */
  readonly stallMsMax: number;
  /** Replies that may wait for one client; instead of a further long one, "overloaded". @default {16 MiB} */
  readonly queueBytesMax: number;
  /** Long replies that may wait for all clients. @default {256 MiB} */
  readonly queueBytesTotalMax: number;
  /** What incomplete requests may hold on all connections. @default {64 MiB} */
  readonly unfinishedBytesMax: number;
  /** Requests under way on one connection. @default {8192} */
  readonly inFlightMax: number;
  /** Requests under way on all connections together. @default {65536} */
  readonly inFlightTotalMax: number;
  /** Size of the requests under way on all connections. @default {128 MiB} */
  readonly inFlightBytesMax: number;
}

/** The default of every limit. */
export const RPC_LIMITS: RpcLimits = {
  frameBytesMax: 9 * 2 ** 20,
  helloBytesMax: 1024,
  helloMsMax: 2000,
  pendingHellosMax: 256,
  connectionsMax: 4096,
  idleMsMin: 10_000,
  idleMsMax: 600_000,
  stallMsMax: 10_000,
  queueBytesMax: 16 * 2 ** 20,
  queueBytesTotalMax: 256 * 2 ** 20,
  unfinishedBytesMax: 64 * 2 ** 20,
  inFlightMax: 8192,
  inFlightTotalMax: 65_536,
  inFlightBytesMax: 128 * 2 ** 20,
};

/** Options of an {@linkcode RpcServer}. */
export interface RpcServerOptions {
  /** Where requests come from: TCP, or a Unix socket. The server closes it. */
  readonly listener: Deno.Listener;
  /** Named in the hello. A client that asks for another cluster is refused. */
  readonly cluster: string;
  /** The id of that cluster, which clients may ask for as well. @default {""} */
  readonly clusterId?: string;
  /** The node's id, named in the hello. */
  readonly id: number;
  /**
   * Handles a request that is not nil. Must not throw, and returns false if the request is not
   * known. A request that changed something needs a short reply beside one of more than 1 KiB. `withinMs` is
   * how long the client still waits for the reply; `Infinity`: the client does not say.
   */
  readonly handle: (request: WireValue, reply: Answer, withinMs: number) => boolean | void;
  /** Begins a stream for a request that asks for one. @default {no request is known} */
  readonly open?: OpenStream;
  /** Receives a line for each refusal that is logged. */
  readonly log: (line: string) => void;
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<RpcLimits>;
}
