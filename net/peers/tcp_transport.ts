/**
 * The {@linkcode Transport} between real nodes: one TCP connection for each direction between two
 * nodes. The one who sends dials; see `docs/protocol.md` for what is said.
 *
 * Invariants: a message that arrives came from a member of this cluster, was meant for this node,
 * and was sent in the latest life of its sender that we have seen; a stuck peer blocks nobody; memory
 * is bounded whatever strangers do; every refusal is counted.
 *
 * @module
 */

import { decodeEnvelope, type Envelope, type NodeId, type Transport } from "../../raft/mod.ts";
import {
  acceptAll,
  type Acceptor,
  type Address,
  Connection,
  type PeerTraffic,
  Refusals,
  sourceOf,
  TCP_LIMITS,
  type TcpLimits,
  type TcpTransportOptions,
  type WireValue,
} from "../wire/mod.ts";
import {
  checkClusterName,
  decodePeerHello,
  encodeHelloRefusal,
  encodePeerAnswer,
  type HelloRefusal,
  type PeerHello,
} from "./peer_hello.ts";
import { PeerLink, PING } from "./peer_link.ts";

/** A peer that dialled us and said hello. */
interface Incoming {
  readonly connection: Connection;
  readonly run: number;
  readonly dial: number;
  heardBytes: number;
  heardAt: number;
}

/** Peers over TCP. */
export class TcpTransport implements Transport {
  /** Where it listens, with the port the system chose. */
  readonly address: Address;
  readonly #options: TcpTransportOptions;
  readonly #limits: TcpLimits;
  readonly #run: number;
  /** The ids of all nodes of the cluster, this one included, in ascending order. */
  readonly #members: string;
  readonly #refusals: Refusals;
  readonly #acceptor: Acceptor;
  readonly #links = new Map<NodeId, PeerLink>();
  readonly #incoming = new Map<NodeId, Incoming>();
  /** Dialled us and have not said hello, the oldest first. */
  readonly #strangers = new Set<Connection>();
  readonly #ticker: ReturnType<typeof setInterval>;
  #tickedAt = performance.now();
  #received = 0;

  /** Listens at once; dials a peer when {@linkcode setPeer} says where it is. */
  constructor(options: TcpTransportOptions) {
    checkClusterName(options.cluster);
    this.#options = options;
    this.#limits = { ...TCP_LIMITS, ...options.limits };
    this.#run = drawRun();
    this.#members = [...new Set([...options.peers, options.id])].sort((a, b) => a - b).join();
    this.#refusals = new Refusals({ log: options.log, now: () => performance.now() });
    for (const peer of options.peers) {
      if (peer !== options.id) this.#links.set(peer, this.#link(peer));
    }
    const listener = Deno.listen({ ...options.listen, transport: "tcp" });
    const { hostname, port } = listener.addr as Deno.NetAddr;
    this.address = { hostname, port };
    this.#acceptor = acceptAll(listener, {
      accept: (conn) => this.#accept(conn),
      failed: (error) => this.#refuse({ refusal: "acceptFailed", detail: error }, "here"),
    });
    this.#ticker = setInterval(() => this.#tick(), this.#limits.pingMs);
  }

  /** Where a peer listens, now and until told otherwise. */
  setPeer(id: NodeId, address: Address): void {
    const link = this.#links.get(id);
    if (link === undefined) {
      throw new RangeError(`Cannot set address: wanted one of the peers, got n${id}`);
    }
    link.setAddress(address);
  }

  send(envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) this.#links.get(envelope.to)?.send(envelope);
  }

  /** What went to each peer. */
  traffic(): ReadonlyMap<NodeId, PeerTraffic> {
    return new Map([...this.#links].map(([id, link]) => [id, link.traffic]));
  }

  /** Messages that came in since the start. */
  get received(): number {
    return this.#received;
  }

  /** How often something was refused, by reason. */
  refusals(): Readonly<Record<string, number>> {
    return this.#refusals.counts();
  }

  /** Hangs up everywhere, at once. */
  close(): void {
    clearInterval(this.#ticker);
    this.#acceptor.close();
    for (const link of this.#links.values()) link.close();
    const end = { kind: "local", message: "this node stops" } as const;
    for (const { connection } of this.#incoming.values()) connection.abort(end);
    for (const connection of this.#strangers) connection.abort(end);
  }

  #link(peer: NodeId): PeerLink {
    const { cluster, id, random = Math.random, log } = this.#options;
    const shared = { run: this.#run, limits: this.#limits, refusals: this.#refusals, random, log };
    return new PeerLink({ cluster, id, peer, members: this.#members, ...shared });
  }

  #accept(conn: Deno.Conn): void {
    this.#pushOut();
    const { frameBytesMax, helloBytesMax, helloMsMax } = this.#limits;
    const source = sourceOf(conn.remoteAddr);
    let peer: NodeId | null = null;
    const connection = new Connection(conn, {
      frameBytesMax,
      firstFrameBytesMax: helloBytesMax,
      firstFrameMs: helloMsMax,
      receive: (value) => {
        if (peer === null) peer = this.#greet(connection, { value, source });
        else this.#receive(connection, { value, peer });
      },
    });
    this.#strangers.add(connection);
    connection.closed.then(({ kind, message }) => {
      this.#strangers.delete(connection);
      if (peer !== null && this.#incoming.get(peer)?.connection === connection) {
        this.#incoming.delete(peer);
      }
      if (kind === "garbage") this.#refuse({ refusal: "garbage", detail: message }, source);
      if (kind === "silent") this.#refuse({ refusal: "tooSlow", detail: message }, source);
    });
  }

  /** Strangers cannot use up our sockets: the one who has been silent longest goes. */
  #pushOut(): void {
    if (this.#strangers.size < this.#limits.strangersMax) return;
    const [oldest] = this.#strangers;
    if (oldest === undefined) return;
    this.#strangers.delete(oldest);
    const detail = `more than ${this.#limits.strangersMax} connections without hello`;
    this.#refuse({ refusal: "tooMany", detail }, sourceOf(oldest.remoteAddr));
    oldest.abort({ kind: "local", message: detail });
  }

  /** The first frame: lets the peer in and returns who it is, or hangs up. */
  #greet(
    connection: Connection,
    { value, source }: { readonly value: WireValue; readonly source: string },
  ): NodeId | null {
    this.#strangers.delete(connection);
    const { cluster, id } = this.#options;
    const hello = decodePeerHello(value, { cluster, id, members: this.#members });
    const refusal = "refusal" in hello ? hello : this.#checkPeer(hello);
    if (refusal !== null || "refusal" in hello) {
      if (refusal !== null) this.#turnAway(connection, { refusal, source });
      return null;
    }
    const { from, run, dial } = hello;
    const earlier = this.#incoming.get(from)?.connection;
    const heardAt = performance.now();
    this.#incoming.set(from, { connection, run, dial, heardBytes: 0, heardAt });
    earlier?.abort({ kind: "local", message: "replaced by a newer connection" });
    connection.send(encodePeerAnswer({ cluster, from: id, run: this.#run }));
    this.#links.get(from)?.nudge();
    return from;
  }

  /**
   * A newer life or dial replaces the connection at hand, an older one must not. Only a connection
   * that is alive protects itself, so a peer whose wall clock went back is soon let in again.
   */
  #checkPeer({ from, run, dial }: PeerHello): HelloRefusal | null {
    if (!this.#links.has(from)) {
      return { refusal: "stranger", detail: `n${from} is not a peer of n${this.#options.id}` };
    }
    const current = this.#incoming.get(from);
    if (current === undefined) return null;
    if (run > current.run || (run === current.run && dial >= current.dial)) return null;
    return { refusal: "earlierLife", detail: `n${from} has dialled again since` };
  }

  #turnAway(
    connection: Connection,
    { refusal, source }: { readonly refusal: HelloRefusal; readonly source: string },
  ): void {
    this.#refuse(refusal, source);
    connection.send(encodeHelloRefusal(refusal));
    connection.close();
  }

  #receive(
    connection: Connection,
    { value, peer }: { readonly value: WireValue; readonly peer: NodeId },
  ): void {
    // A connection that was replaced may still have frames in hand: they are of an earlier life.
    if (this.#incoming.get(peer)?.connection !== connection) return;
    if (Array.isArray(value) && value.length === 1 && value[0] === 0) return;
    const envelope = this.#decode(value, peer);
    if (envelope === null) return;
    this.#received += 1;
    this.#options.receive(envelope);
  }

  #decode(value: WireValue, peer: NodeId): Envelope | null {
    try {
      const envelope = decodeEnvelope(value);
      if (envelope.from === peer && envelope.to === this.#options.id) return envelope;
      const detail = `from n${envelope.from} to n${envelope.to}, on the connection of n${peer}`;
      this.#refuse({ refusal: "badMessage", detail }, `n${peer}`);
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
      this.#refuse({ refusal: "badMessage", detail: error.message }, `n${peer}`);
    }
    return null;
  }

  /** Looks after both ends of every connection: sends pings, and hangs up on the silent. */
  #tick(): void {
    const now = performance.now();
    const { pingMs, silenceMsMax } = this.#limits;
    // After a pause of this process what the others said waits unread: they were not silent.
    const didStall = now - this.#tickedAt > 2 * pingMs;
    this.#tickedAt = now;
    for (const link of this.#links.values()) link.tick(now, didStall);
    for (const [peer, incoming] of this.#incoming) {
      const bytes = incoming.connection.bytesReceived;
      if (bytes !== incoming.heardBytes || didStall) {
        // Not only to pings: behind a long message on a slow line a ping waits for long.
        incoming.connection.send(PING);
        incoming.heardBytes = bytes;
        incoming.heardAt = now;
      } else if (now - incoming.heardAt > silenceMsMax) {
        this.#refuse({ refusal: "silent", detail: "no ping" }, `n${peer}`);
        incoming.connection.abort({ kind: "silent", message: "no ping" });
      }
    }
  }

  #refuse({ refusal, detail }: HelloRefusal, source: string): void {
    this.#refusals.count(refusal, { source, detail });
  }
}

/** Higher than in any earlier life, unless the wall clock went back. */
function drawRun(): number {
  const [bits = 0] = crypto.getRandomValues(new Uint16Array(1));
  return Date.now() * 1024 + bits % 1024;
}
