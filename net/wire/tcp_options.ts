/**
 * The options of a transport over TCP: addresses, and limits with their defaults.
 *
 * @module
 */

import type { Envelope, Heard, Members, NodeId, Position, Starts } from "../../raft/mod.ts";
import type { Versions } from "./hello.ts";

/** Where a server listens. */
export interface Address {
  /** A name or an address. */
  readonly hostname: string;
  /** The port; 0 lets the system choose when listening. */
  readonly port: number;
}

/** Reads `host:port` or `[::1]:port`; `null` if the text is neither. */
export function parseAddress(text: string): Address | null {
  const groups = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:[\]]+)):(?<port>\d{1,5})$/.exec(text)?.groups;
  const port = Number(groups?.["port"]);
  const hostname = groups?.["v6"] ?? groups?.["host"];
  return hostname === undefined || !(port <= 65535) ? null : { hostname, port };
}

/** Limits of a transport. Tests make them tiny. */
export interface TcpLimits {
  /** The longest message. @default {16 MiB} */
  readonly frameBytesMax: number;
  /** The longest hello, which bounds the memory for an unknown sender. @default {16 KiB} */
  readonly helloBytesMax: number;
  /** Time to dial and get an answer, and time for an incoming connection to say hello. @default {1000} */
  readonly helloMsMax: number;
  /** Bytes that may wait on each line to a peer that reads slowly. @default {32 MiB} */
  readonly queueBytesMax: number;
  /**
   * The number of messages kept on each line while a peer is being dialled: the latest. @default
   * {64}
   */
  readonly waitingMax: number;
  /** The first pause before dialling again, then doubled. @default {20} */
  readonly redialMsMin: number;
  /** The longest pause before dialling again. @default {1000} */
  readonly redialMsMax: number;
  /** Time between pings. @default {400} */
  readonly pingMs: number;
  /** The silence after which a connection is closed. @default {2000} */
  readonly silenceMsMax: number;
  /** Connections without hello; a further one closes the oldest. @default {64} */
  readonly pendingHellosMax: number;
  /** The least time between two log lines about one peer. @default {5000} */
  readonly logEveryMs: number;
}

/** The default of every limit. */
export const TCP_LIMITS: TcpLimits = {
  frameBytesMax: 16 * 2 ** 20,
  helloBytesMax: 16 * 2 ** 10,
  helloMsMax: 1000,
  queueBytesMax: 32 * 2 ** 20,
  waitingMax: 64,
  redialMsMin: 20,
  redialMsMax: 1000,
  pingMs: 400,
  silenceMsMax: 2000,
  pendingHellosMax: 64,
  logEveryMs: 5000,
};

/** What a node says of itself in its hellos, and knows of the others. */
export interface PeerIdentity {
  /** The id of its cluster; empty: it belongs to none yet, or no ids are used. */
  readonly clusterId: string;
  /** The incarnation of its folder; empty: no ids are used. */
  readonly incarnation: string;
  /** The members with which the cluster began, until `connect` names others. */
  readonly founders: Members | null;
  /** The same as bytes, for a member that has no cluster yet. */
  readonly certificate: Uint8Array | null;
  /** Where this node serves clients, `HOST:PORT`; empty: nowhere. */
  readonly client: string;
  /** The term and the last entry of its folder; `null`: it is not open yet, and this node dials no peer. */
  readonly held: () => Position | null;
  /** The starts of its folder, with this one. */
  readonly starts: Starts;
  /** What peers have promised to earlier runs of this node. */
  readonly heard: readonly Heard[];
}

/** What a peer says in a hello, whether it is let in or not. */
export interface PeerClaim
  extends Pick<PeerIdentity, "clusterId" | "incarnation" | "certificate" | "client"> {
  /** The folder of this node that the peer means. */
  readonly wanted: string;
  /** The ids with which its cluster began or is to begin, such as `1,2,3`. */
  readonly members: string;
}

/** Options of a {@linkcode TcpTransport}. */
export interface TcpTransportOptions {
  /** This server. */
  readonly id: NodeId;
  /** The name of the cluster; nodes of other clusters are refused. */
  readonly cluster: string;
  /** The ids of the nodes with which the cluster began; none: `identity` or `connect` names them. */
  readonly peers: readonly NodeId[];
  /** The address to listen at; port 0 takes a free one. */
  readonly listen: Address;
  /**
   * Called with every message from a peer. It must not throw. A string says why the message cannot be
   * true; that ends the connection.
   */
  readonly receive: (envelope: Envelope) => string | null | void;
  /**
   * Called while a message of a peer is arriving that is not complete yet: a long message on a slow
   * line is a sign of life. It must not throw.
   */
  readonly heard?: (from: NodeId) => void;
  /** The cluster and the folder of this node. @default {any folder of any cluster of the name} */
  readonly identity?: PeerIdentity;
  /** Called now and then when peers have promised more, with all that they have. It must not throw. */
  readonly heardMore?: (heard: readonly Heard[]) => void;
  /** Called with the hello of each peer, also of one that is refused. It must not throw. */
  readonly met?: (peer: NodeId, claim: PeerClaim) => void;
  /** What is spoken with peers, for tests of an upgrade. @default {all that this program speaks} */
  readonly versions?: Versions;
  /** What else this node can do, as bits. @default {those of `versions`} */
  readonly features?: number;
  /** Receives a line for each refusal that is logged, and for each change of a connection. */
  readonly log: (line: string) => void;
  /** Called whenever a peer refuses this node, with what the peer says. It must not throw. */
  readonly refused?: (
    peer: NodeId,
    refusal: { readonly reason: string; readonly detail: string },
  ) => void;
  /** Spreads the pauses between dials. */
  readonly random?: () => number;
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<TcpLimits>;
}

/** The traffic of both lines to one peer since the start. */
export interface PeerTraffic {
  /** Messages given to the socket. */
  readonly sent: number;
  /** Messages that were dropped: no connection, or a full queue. */
  readonly dropped: number;
  /** The number of connections made. */
  readonly connects: number;
  /** Bytes that wait to leave. */
  readonly queuedBytes: number;
  /** Whether both lines are connected now. */
  readonly isConnected: boolean;
}
