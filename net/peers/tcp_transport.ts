/**
 * The {@linkcode Transport} between real nodes: two TCP connections in each direction, one for small
 * messages and one for long ones. The sender dials; `docs/protocol.md` says what travels.
 *
 * Invariants: a message that arrives came from a member of this cluster, was meant for this node,
 * and was sent in the latest run of its sender that this node has seen; a small message never waits
 * behind a long one; a stuck peer blocks no other; memory is bounded whatever arrives from outside;
 * every refusal is counted.
 *
 * @module
 */

import {
  decodeEnvelope,
  type Envelope,
  invariant,
  isBulk,
  type Members,
  type NodeId,
  type Position,
  type Transport,
} from "../../raft/mod.ts";
import {
  type Address,
  type Connection,
  type Guest,
  type HelloRefusal,
  Lobby,
  type PeerTraffic,
  Refusals,
  TCP_LIMITS,
  type TcpLimits,
  type TcpTransportOptions,
  type Visitor,
  type WireValue,
} from "../wire/mod.ts";
import {
  checkClusterName,
  decodePeerHello,
  encodePeerAnswer,
  LINES,
  type PeerHello,
  refusePeer,
} from "./peer_hello.ts";
import { OwnIdentity } from "./own_identity.ts";
import { PeerLink, PING } from "./peer_link.ts";
import { type Links, PeerLinks, textOf } from "./peer_links.ts";
import { note, PeerPromises, type Promised } from "./peer_promises.ts";

/** An accepted connection of a peer that dialled this node. */
interface Incoming extends Pick<PeerHello, "line" | "run" | "dial"> {
  readonly peer: NodeId;
  readonly hello: PeerHello;
  readonly promised: Promised;
  readonly connection: Connection;
  heardBytes: number;
  heardAt: number;
}

/**
 * Peers over TCP.
 *
 * @example Two nodes, of which one sends a vote to the other.
 * ```ts
 * import { type Envelope, TcpTransport } from "@kontiki/kontiki";
 *
 * const got = Promise.withResolvers<Envelope>();
 * const open = (id: number) =>
 *   new TcpTransport({
 *     id,
 *     cluster: "example",
 *     peers: [1, 2],
 *     listen: { hostname: "127.0.0.1", port: 0 },
 *     receive: (envelope) => got.resolve(envelope),
 *     log: () => {},
 *   });
 * const [one, two] = [open(1), open(2)];
 * one.setPeer(2, two.address);
 * const message = { type: "requestVoteReply", preVote: false, granted: true } as const;
 * one.send([{ from: 1, to: 2, term: 1, message }]);
 * console.assert((await got.promise).from === 1);
 * one.close();
 * two.close();
 * ```
 */
export class TcpTransport implements Transport {
  /** The listening address, with the port that the system chose. */
  readonly address: Address;
  readonly #options: TcpTransportOptions;
  readonly #limits: TcpLimits;
  /** Higher than in any earlier run, unless the wall clock went back. */
  readonly #run: number;
  readonly #self: OwnIdentity;
  readonly #refusals: Refusals;
  readonly #lobby: Lobby;
  readonly #links: PeerLinks;
  readonly #promises: PeerPromises;
  /** At most one for each line of each peer. */
  readonly #incoming = new Set<Incoming>();
  readonly #ticker: ReturnType<typeof setInterval>;
  #tickedAt = performance.now();
  #received = 0;

  /** Listens at once; dials a peer once {@linkcode setPeer} sets its address. */
  constructor(options: TcpTransportOptions) {
    checkClusterName(options.cluster);
    this.#options = options;
    this.#self = new OwnIdentity(options);
    this.#promises = new PeerPromises(options.identity?.heard, options.heardMore);
    this.#limits = { ...TCP_LIMITS, ...options.limits };
    this.#run = Date.now() * 1024 + Math.floor(1024 * Math.random());
    const now = (): number => performance.now();
    this.#refusals = new Refusals({ log: options.log, now });
    const make = (peer: NodeId): Links => this.#linksTo(peer);
    this.#links = new PeerLinks({ id: options.id, make, now }, options.peers);
    const listener = Deno.listen({ ...options.listen, transport: "tcp" });
    const { hostname, port } = listener.addr as Deno.NetAddr;
    this.address = { hostname, port };
    this.#lobby = new Lobby({
      ...this.#limits,
      listener,
      refusals: this.#refusals,
      connection: { frameBytesMax: this.#limits.frameBytesMax },
      greet: (hello, visitor) => this.#greet(hello, visitor),
    });
    this.#ticker = setInterval(() => this.#tick(), this.#limits.pingMs);
  }

  /** Sets the address of a peer. */
  setPeer(id: NodeId, address: Address): void {
    if (this.#links.setAddress(id, address)) return;
    throw new RangeError(`Cannot set address: wanted one of the peers, got n${id}`);
  }

  /**
   * From now on the peers are these members, at their addresses. A former member stays for a while, so
   * that it can hear that it was removed. Connections of folders that are not a member's any more end.
   */
  connect(members: Members, asOf: Position = { index: 0, term: 0 }): void {
    this.#self.know(members, asOf);
    this.#links.connect(members);
    for (const link of this.#links.all()) link.judgeAgain();
    const self = this.#self.now;
    for (const { hello, connection } of this.#incoming) {
      const refusal = refusePeer(hello, self);
      if (refusal !== null) connection.abort({ kind: "local", message: refusal.detail });
    }
  }

  send(envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) {
      this.#links.get(envelope.to)?.[isBulk(envelope.message) ? "bulk" : "small"].send(envelope);
    }
  }

  waiting(to: NodeId): number {
    return this.#links.get(to)?.bulk.waitingBytes ?? 0;
  }

  /** Traffic to each peer. */
  traffic(): ReadonlyMap<NodeId, PeerTraffic> {
    const links = [...this.#links];
    return new Map(links.map(([id, { small, bulk }]) => [id, sum(small.traffic, bulk.traffic)]));
  }

  /** Number of messages received since the start. */
  get received(): number {
    return this.#received;
  }

  /** Number of refusals, by reason. */
  refusals(): Readonly<Record<string, number>> {
    return this.#refusals.counts();
  }

  /** The features that a peer has announced; `null`: it is not connected. */
  features(peer: NodeId): number | null {
    return [...this.#incoming].find((each) => each.peer === peer)?.hello.versions.features ?? null;
  }

  /** Closes all connections at once. */
  close(): void {
    clearInterval(this.#ticker);
    this.#promises.keep();
    this.#lobby.close();
    for (const link of this.#links.all()) link.close();
    const end = { kind: "local", message: "this node stops" } as const;
    for (const { connection } of this.#incoming) connection.abort(end);
  }

  #linksTo(peer: NodeId): Links {
    const { random = Math.random, log, refused } = this.#options;
    const shared = { run: this.#run, limits: this.#limits, refusals: this.#refusals, random };
    const address = (): string => this.#links.advertised || textOf(this.address);
    const options = { self: () => this.#self.now, peer, address, ...shared };
    // Both lines lead to one port: one of them is enough to log whether it is in reach.
    const told = refused ?? (() => {});
    return {
      small: new PeerLink({ ...options, line: "small", log, refused: (why) => told(peer, why) }),
      bulk: new PeerLink({ ...options, line: "bulk", log: () => {}, refused: () => {} }),
    };
  }

  #greet(value: WireValue, { connection }: Visitor): Guest | HelloRefusal {
    const self = this.#self.now;
    const hello = decodePeerHello(value, self);
    if ("refusal" in hello) return hello;
    const { from: peer, run, dial, line } = hello;
    if (hello.cluster === self.cluster && hello.to === self.id) this.#options.met?.(peer, hello);
    const refusal = refusePeer(hello, self) ?? this.#checkPeer(hello) ??
      this.#promises.judge(hello);
    if (refusal !== null) return refusal;
    this.#endEarlier(hello);
    const ids = { peer, hello, line, connection, run, dial, promised: this.#promises.of(hello) };
    const incoming: Incoming = { ...ids, heardBytes: 0, heardAt: performance.now() };
    for (const other of this.#incoming) {
      invariant(other.peer !== peer || other.run === run, `n${peer} has connections of one run`);
    }
    this.#incoming.add(incoming);
    connection.send(encodePeerAnswer({ ...self, from: self.id, run: this.#run }, hello));
    for (const own of LINES) this.#links.get(peer)?.[own].nudge();
    return {
      receive: (frame) => this.#receive(incoming, frame),
      arriving: () => {
        if (this.#incoming.has(incoming)) this.#options.heard?.(peer);
      },
      ended: () => void this.#incoming.delete(incoming),
    };
  }

  /** Closes both lines of an earlier run of a peer, so that none of its messages arrives later. */
  #endEarlier({ from, line, run }: PeerHello): void {
    for (const incoming of this.#incoming) {
      if (incoming.peer !== from) continue;
      if (incoming.line !== line && incoming.run === run) continue;
      this.#incoming.delete(incoming);
      incoming.connection.abort({ kind: "local", message: "replaced by a newer connection" });
    }
  }

  /**
   * A newer run or dial replaces the present connection, an older one must not. Only an open
   * connection is compared, so that a peer whose wall clock went back is soon accepted again.
   */
  #checkPeer({ from, line, run, dial, address }: PeerHello): HelloRefusal | null {
    if (!this.#links.admit(from, address)) {
      return { refusal: "notAPeer", detail: `n${from} is not a peer of n${this.#options.id}` };
    }
    for (const current of this.#incoming) {
      if (current.peer !== from) continue;
      const isOlder = run === current.run && line === current.line && dial < current.dial;
      if (run < current.run || isOlder) {
        return { refusal: "earlierRun", detail: `n${from} has dialled again since` };
      }
    }
    return null;
  }

  #receive(incoming: Incoming, value: WireValue): void {
    // A replaced connection may still deliver frames: they are older than the new connection.
    if (!this.#incoming.has(incoming)) return;
    if (Array.isArray(value) && value.length === 1 && value[0] === 0) return;
    const envelope = this.#decode(value, incoming.peer);
    if (envelope === null) return;
    this.#received += 1;
    const doubt = this.#options.receive(envelope) ?? null;
    if (doubt === null) return note(incoming.promised, envelope);
    this.#refuse({ refusal: "badMessage", detail: doubt }, `n${incoming.peer}`);
    incoming.connection.abort({ kind: "local", message: doubt });
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

  /** Sends pings, and closes connections after a long silence. */
  #tick(): void {
    const now = performance.now();
    const { pingMs, silenceMsMax } = this.#limits;
    // After a pause of this process, pings of peers may still be unread.
    const didStall = now - this.#tickedAt > 2 * pingMs;
    this.#tickedAt = now;
    this.#links.dismissGuests(new Set([...this.#incoming].map(({ peer }) => peer)));
    for (const link of this.#links.all()) link.tick(now, didStall);
    this.#promises.keep();
    for (const incoming of this.#incoming) {
      const bytes = incoming.connection.bytesReceived;
      if (bytes !== incoming.heardBytes || didStall) {
        // Any bytes count, not only pings: on a slow line a ping may wait behind a long message.
        incoming.connection.send(PING);
        incoming.heardBytes = bytes;
        incoming.heardAt = now;
      } else if (now - incoming.heardAt > silenceMsMax) {
        incoming.connection.abort({ kind: "silent", message: `no ping of n${incoming.peer}` });
      }
    }
  }

  #refuse({ refusal, detail }: HelloRefusal, source: string): void {
    this.#refusals.count(refusal, { source, detail });
  }
}

/** The sum of both lines. */
function sum(small: PeerTraffic, bulk: PeerTraffic): PeerTraffic {
  return {
    sent: small.sent + bulk.sent,
    dropped: small.dropped + bulk.dropped,
    connects: small.connects + bulk.connects,
    queuedBytes: small.queuedBytes + bulk.queuedBytes,
    isConnected: small.isConnected && bulk.isConnected,
  };
}
