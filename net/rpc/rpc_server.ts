/**
 * Answers numbered requests of many clients, each with many in flight on one connection. It does
 * not look into requests: a handler gets the payload and a function for its answer, to be called
 * now or later.
 *
 * Invariants: a request gets at most one reply; a request beyond a limit is answered "overloaded"
 * at once and never handled; requests, replies and connections that wait are bounded, for each
 * client and in all; a client that is slow, silent or sends garbage loses its connection and
 * affects no other.
 *
 * @module
 */

import { invariant, Slab } from "../../raft/mod.ts";
import {
  type Connection,
  type Guest,
  type HelloRefusal,
  Lobby,
  printable,
  type Refusal,
  Refusals,
  UnfinishedFrames,
  type Visitor,
  type WireValue,
} from "../wire/mod.ts";
import {
  decodeClientHello,
  decodeRequestFrame,
  decodeStreamFrame,
  encodeServerHello,
  REPLY_STATUS,
  type StreamFrame,
} from "./rpc_frames.ts";
import { RPC_LIMITS, type RpcLimits, type RpcServerOptions } from "./rpc_options.ts";
import { ServerStreams, type StreamClient } from "./server_streams.ts";

/** A client that has said hello. */
interface Client extends StreamClient {
  readonly source: string;
  inFlight: number;
}

/** The assumed size of a payload that is not bytes. */
const PLAIN_BYTES = 64;

/** A longer reply is dropped when there is no room for it. */
const SHORT_BYTES = 1024;

/** Room for short replies beyond that for long ones. A client that needs more does not read. */
const SHORT_ROOM_BYTES = 2 ** 20;

/** The load of a server. */
export interface ServerLoad {
  /** Clients that have said hello. */
  readonly clients: number;
  /** Requests under way. */
  readonly inFlight: number;
  /** Bytes of requests that have arrived in part. */
  readonly unfinishedBytes: number;
  /** Requests handled since the start. */
  readonly handled: number;
  /** Streams that are open. */
  readonly streams: number;
}

/** Serves clients. */
export class RpcServer {
  readonly #options: RpcServerOptions;
  readonly #limits: RpcLimits;
  readonly #refusals: Refusals;
  readonly #unfinished: UnfinishedFrames;
  readonly #lobby: Lobby;
  readonly #clients = new Set<Client>();
  readonly #streams: ServerStreams;
  /** Connections that may have queued replies. */
  readonly #owed = new Set<Connection>();
  #inFlight = 0;
  #inFlightBytes = 0;
  #handled = 0;

  /** Begins to serve. */
  constructor(options: RpcServerOptions) {
    this.#options = options;
    this.#limits = { ...RPC_LIMITS, ...options.limits };
    this.#refusals = new Refusals({ log: options.log, now: () => performance.now() });
    this.#streams = new ServerStreams(options.open ?? (() => null));
    const { frameBytesMax, queueBytesMax, idleMsMax, stallMsMax } = this.#limits;
    this.#unfinished = new UnfinishedFrames({ bytesMax: this.#limits.unfinishedBytesMax });
    this.#lobby = new Lobby({
      ...this.#limits,
      listener: options.listener,
      refusals: this.#refusals,
      connection: {
        unfinished: this.#unfinished,
        // Requests are answered soon, and what is kept of one longer is copied.
        slab: new Slab(),
        frameBytesMax,
        queueBytesMax: queueBytesMax + SHORT_ROOM_BYTES,
        idleMs: idleMsMax,
        stallMs: stallMsMax,
      },
      greet: (hello, visitor) => this.#greet(hello, visitor),
    });
  }

  /** How often something was refused, by reason. */
  refusals(): Readonly<Record<string, number>> {
    return this.#refusals.counts();
  }

  /**
   * The load of the server: what clients make it hold, and the number of requests handled since the
   * start.
   */
  load(): ServerLoad {
    return {
      clients: this.#clients.size,
      inFlight: this.#inFlight,
      unfinishedBytes: this.#unfinished.bytes,
      handled: this.#handled,
      streams: [...this.#clients].reduce((sum, { streams }) => sum + streams.size, 0),
    };
  }

  /** Closes all connections. Replies that were given already are still sent, for a moment. */
  close(): void {
    this.#lobby.close();
    for (const { connection } of this.#clients) connection.close();
  }

  #greet(hello: WireValue, { connection, source }: Visitor): Guest | HelloRefusal {
    const { cluster, clusterId = "", id } = this.#options;
    const agreement = decodeClientHello(hello, { cluster, clusterId });
    if ("refusal" in agreement) return agreement;
    const refusal = this.#makeRoom();
    if (refusal !== null) return refusal;
    connection.send(encodeServerHello({ cluster, clusterId, id }, agreement));
    const client: Client = {
      connection,
      source,
      inFlight: 0,
      streams: new Map(),
      send: (value) => this.#send(client, value),
    };
    this.#clients.add(client);
    return {
      receive: (value) => this.#request(client, value),
      drained: () => this.#streams.drained(client),
      ended: () => {
        this.#clients.delete(client);
        this.#owed.delete(connection);
        this.#streams.drop(client);
      },
    };
  }

  /**
   * Makes room at the limit: evicts the client that has been idle longest, if it was idle for long
   * enough.
   */
  #makeRoom(): HelloRefusal | null {
    const { connectionsMax, idleMsMin } = this.#limits;
    if (this.#clients.size < connectionsMax) return null;
    const detail = `more than ${connectionsMax} connections`;
    let idlest: Client | null = null;
    for (const client of this.#clients) {
      if (client.inFlight > 0 || client.streams.size > 0) continue;
      if (idlest === null || client.connection.heardAt < idlest.connection.heardAt) idlest = client;
    }
    if (idlest === null || performance.now() - idlest.connection.heardAt < idleMsMin) {
      return { refusal: "tooMany", detail };
    }
    this.#refuse("tooMany", { source: idlest.source, detail });
    this.#clients.delete(idlest);
    idlest.connection.abort({ kind: "local", message: detail });
    return null;
  }

  #request(client: Client, value: WireValue): void {
    const stream = decodeStreamFrame(value);
    if (stream !== null) return this.#stream(client, stream);
    const request = decodeRequestFrame(value);
    if (request === null) return client.connection.refuse("wanted a numbered request");
    const { number, payload, withinMs } = request;
    // A request for a sign of life.
    if (payload === null) return this.#send(client, [number, REPLY_STATUS.answered, null]);
    const bytes = payload instanceof Uint8Array ? payload.length : PLAIN_BYTES;
    const { inFlightMax, inFlightTotalMax, inFlightBytesMax } = this.#limits;
    if (
      client.inFlight >= inFlightMax || this.#inFlight >= inFlightTotalMax ||
      this.#inFlightBytes + bytes > inFlightBytesMax
    ) {
      const detail = `${client.inFlight} requests of this client, ${this.#inFlight} in all`;
      this.#refuse("overloaded", { source: client.source, detail });
      this.#send(client, [number, REPLY_STATUS.overloaded]);
      return;
    }
    client.inFlight += 1;
    this.#inFlight += 1;
    this.#inFlightBytes += bytes;
    this.#handled += 1;
    let isOpen = true;
    const isDone = (): boolean => {
      if (!isOpen) return false;
      isOpen = false;
      client.inFlight -= 1;
      this.#inFlight -= 1;
      this.#inFlightBytes -= bytes;
      invariant(client.inFlight >= 0 && this.#inFlight >= client.inFlight, "requests add up");
      invariant(this.#inFlightBytes >= 0, "bytes of requests add up");
      return true;
    };
    const answer = (answer: WireValue, short?: WireValue): void => {
      if (isDone()) this.#answer(client, { number, answer, short });
    };
    if (this.#options.handle(payload, answer, withinMs) !== false || !isDone()) return;
    const detail = `no request of this server: ${printable(payload)}`;
    this.#send(client, [number, REPLY_STATUS.unknownRequest, detail]);
  }

  #stream(client: Client, { number, payload, credit }: StreamFrame): void {
    if (payload === null) return this.#streams.grant(client, number, credit);
    const result = this.#streams.open(client, { number, payload, credit });
    switch (result) {
      case "opened":
        this.#handled += 1;
        return;
      case "inUse":
        return client.connection.refuse(`wanted a number that is not in use, got ${number}`);
      case "overloaded": {
        const detail = `${client.streams.size} streams of this client`;
        this.#refuse("overloaded", { source: client.source, detail });
        return this.#send(client, [number, REPLY_STATUS.overloaded]);
      }
      case "unknownRequest": {
        const detail = `no stream of this server: ${printable(payload)}`;
        return this.#send(client, [number, REPLY_STATUS.unknownRequest, detail]);
      }
    }
  }

  #answer(
    client: Client,
    { number, answer, short }: {
      readonly number: number;
      readonly answer: WireValue;
      readonly short: WireValue | undefined;
    },
  ): void {
    if (client.connection.isClosed) return;
    const bytes = answer instanceof Uint8Array ? answer.length : PLAIN_BYTES;
    if (bytes <= SHORT_BYTES || this.#hasRoom(client.connection, bytes)) {
      this.#send(client, [number, REPLY_STATUS.answered, answer]);
      return;
    }
    const detail = `${client.connection.queuedBytes} bytes wait for this client`;
    this.#refuse("overloaded", { source: client.source, detail });
    if (short === undefined) this.#send(client, [number, REPLY_STATUS.overloaded]);
    else this.#send(client, [number, REPLY_STATUS.answered, short]);
  }

  /** Whether so many bytes more may wait for a client. */
  #hasRoom(connection: Connection, bytes: number): boolean {
    const { queueBytesMax, queueBytesTotalMax } = this.#limits;
    if (connection.queuedBytes + bytes > queueBytesMax) return false;
    this.#owed.add(connection);
    let total = bytes;
    for (const other of this.#owed) {
      if (other.queuedBytes === 0 && other !== connection) this.#owed.delete(other);
      else total += other.queuedBytes;
    }
    return total <= queueBytesTotalMax;
  }

  /**
   * Sends to a client. One whose replies pile up is disconnected, as it has to ask again anyway.
   */
  #send({ connection, source }: Client, value: WireValue): void {
    try {
      if (connection.send(value) || connection.isClosed) return;
      const detail = `${connection.queuedBytes} bytes wait for it`;
      this.#refuse("slowReader", { source, detail });
      connection.abort({ kind: "stalled", message: detail });
    } catch (error) {
      // Never throw into the handler: it may be in the middle of an apply.
      if (!(error instanceof RangeError)) throw error;
      this.#refuse("frameTooLarge", { source, detail: error.message });
      connection.abort({ kind: "local", message: error.message });
    }
  }

  #refuse(refusal: Refusal, from: { readonly source: string; readonly detail: string }): void {
    this.#refusals.count(refusal, from);
  }
}
