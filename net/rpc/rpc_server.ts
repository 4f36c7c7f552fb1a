/**
 * Answers numbered requests of many clients, each with many in flight on one connection. It knows
 * nothing of what is asked: a handler gets the payload and a function to answer with, now or later.
 *
 * Invariants: a request gets at most one reply; one that cannot be taken is answered "overloaded"
 * at once and never handled; requests, replies and connections that wait are bounded, for each client
 * and in all; a client that is slow, silent or sends garbage loses its connection and costs nobody
 * else anything.
 *
 * @module
 */

import {
  acceptAll,
  type Acceptor,
  type Closed,
  Connection,
  type Refusal,
  Refusals,
  sourceOf,
  type WireValue,
} from "../wire/mod.ts";
import {
  decodeRequestFrame,
  encodeServerHello,
  isClientHello,
  REPLY_STATUS,
} from "./rpc_frames.ts";
import { RPC_LIMITS, type RpcLimits, type RpcServerOptions } from "./rpc_options.ts";

/** A client that has said hello. */
interface Client {
  readonly connection: Connection;
  readonly source: string;
  inFlight: number;
}

/** Small payloads that are no bytes count as this much. */
const PLAIN_BYTES = 64;

/** A longer reply is given up when there is no room for it: its client may ask again. */
const SHORT_BYTES = 1024;

/** What short replies may take beyond the room for long ones; a client that needs more reads nothing. */
const SHORT_ROOM_BYTES = 2 ** 20;

/** Serves clients. */
export class RpcServer {
  readonly #options: RpcServerOptions;
  readonly #limits: RpcLimits;
  readonly #refusals: Refusals;
  readonly #acceptor: Acceptor;
  readonly #strangers = new Set<Connection>();
  readonly #clients = new Set<Client>();
  /** For whom much may wait. */
  readonly #owed = new Set<Connection>();
  #inFlight = 0;
  #inFlightBytes = 0;
  #handled = 0;

  /** A server that does not listen yet. */
  constructor(options: RpcServerOptions) {
    this.#options = options;
    this.#limits = { ...RPC_LIMITS, ...options.limits };
    this.#refusals = new Refusals({ log: options.log, now: () => performance.now() });
    this.#acceptor = acceptAll(options.listener, {
      accept: (conn) => this.#accept(conn),
      failed: (detail) => this.#refuse("acceptFailed", { source: "here", detail }),
    });
  }

  /** How often something was refused, by reason. */
  refusals(): Readonly<Record<string, number>> {
    return this.#refusals.counts();
  }

  /** Clients, requests under way, and requests handled since the start. */
  load(): { readonly clients: number; readonly inFlight: number; readonly handled: number } {
    return { clients: this.#clients.size, inFlight: this.#inFlight, handled: this.#handled };
  }

  /** Hangs up everywhere. Replies that were given already still leave, for a moment. */
  close(): void {
    this.#acceptor.close();
    for (const connection of this.#strangers) connection.close();
    for (const { connection } of this.#clients) connection.close();
  }

  #accept(conn: Deno.Conn): void {
    this.#pushOutStranger();
    const { frameBytesMax, helloBytesMax, queueBytesMax } = this.#limits;
    const source = sourceOf(conn.remoteAddr);
    let client: Client | null = null;
    const connection = new Connection(conn, {
      frameBytesMax,
      firstFrameBytesMax: helloBytesMax,
      queueBytesMax: queueBytesMax + SHORT_ROOM_BYTES,
      firstFrameMs: this.#limits.helloMsMax,
      idleMs: this.#limits.idleMsMax,
      stallMs: this.#limits.stallMsMax,
      receive: (value) => {
        if (client === null) client = this.#greet(connection, { value, source });
        else this.#request(client, value);
      },
    });
    this.#strangers.add(connection);
    connection.closed.then((closed) => {
      this.#strangers.delete(connection);
      this.#owed.delete(connection);
      if (client !== null) this.#clients.delete(client);
      this.#explain(closed, { source, isClient: client !== null });
    });
  }

  #explain(
    { kind, message }: Closed,
    { source, isClient }: { readonly source: string; readonly isClient: boolean },
  ): void {
    if (kind === "garbage") this.#refuse("garbage", { source, detail: message });
    if (kind === "stalled") this.#refuse("slowReader", { source, detail: message });
    if (kind !== "silent") return;
    this.#refuse(isClient ? "silent" : "tooSlow", { source, detail: message });
  }

  #pushOutStranger(): void {
    if (this.#strangers.size < this.#limits.strangersMax) return;
    const [oldest] = this.#strangers;
    if (oldest === undefined) return;
    this.#strangers.delete(oldest);
    const detail = `more than ${this.#limits.strangersMax} connections without hello`;
    this.#refuse("tooMany", { source: sourceOf(oldest.remoteAddr), detail });
    oldest.abort({ kind: "local", message: detail });
  }

  #greet(
    connection: Connection,
    { value, source }: { readonly value: WireValue; readonly source: string },
  ): Client | null {
    this.#strangers.delete(connection);
    if (!isClientHello(value)) {
      this.#refuse("badHello", { source, detail: "wanted a hello of a client" });
      connection.close();
      return null;
    }
    const { cluster, id } = this.#options;
    if (!this.#makeRoom(source)) {
      connection.close();
      return null;
    }
    connection.send(encodeServerHello({ cluster, id }));
    const client = { connection, source, inFlight: 0 };
    this.#clients.add(client);
    return client;
  }

  /** At the limit the client that has been idle longest goes, if it was idle for long enough. */
  #makeRoom(source: string): boolean {
    const { connectionsMax, idleMsMin } = this.#limits;
    if (this.#clients.size < connectionsMax) return true;
    const detail = `more than ${connectionsMax} connections`;
    let idlest: Client | null = null;
    for (const client of this.#clients) {
      if (client.inFlight > 0) continue;
      if (idlest === null || client.connection.heardAt < idlest.connection.heardAt) idlest = client;
    }
    if (idlest === null || performance.now() - idlest.connection.heardAt < idleMsMin) {
      this.#refuse("tooMany", { source, detail });
      return false;
    }
    this.#refuse("tooMany", { source: idlest.source, detail });
    this.#clients.delete(idlest);
    idlest.connection.abort({ kind: "local", message: detail });
    return true;
  }

  #request(client: Client, value: WireValue): void {
    const request = decodeRequestFrame(value);
    if (request === null) return client.connection.refuse("wanted a numbered request");
    const { number, payload } = request;
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
    this.#options.handle(payload, (answer) => {
      if (!isOpen) return;
      isOpen = false;
      client.inFlight -= 1;
      this.#inFlight -= 1;
      this.#inFlightBytes -= bytes;
      this.#answer(client, { number, answer });
    });
  }

  #answer(
    client: Client,
    { number, answer }: { readonly number: number; readonly answer: WireValue },
  ): void {
    const bytes = answer instanceof Uint8Array ? answer.length : PLAIN_BYTES;
    if (bytes <= SHORT_BYTES || this.#hasRoom(client.connection, bytes)) {
      this.#send(client, [number, REPLY_STATUS.answered, answer]);
      return;
    }
    const detail = `${client.connection.queuedBytes} bytes wait for this client`;
    this.#refuse("overloaded", { source: client.source, detail });
    this.#send(client, [number, REPLY_STATUS.overloaded]);
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

  /** A client that lets its replies pile up is let go: it has to ask again anyway. */
  #send({ connection, source }: Client, value: WireValue): void {
    try {
      if (connection.send(value) || connection.isClosed) return;
      const detail = `${connection.queuedBytes} bytes wait for it`;
      this.#refuse("slowReader", { source, detail });
      connection.abort({ kind: "stalled", message: detail });
    } catch (error) {
      // Whoever answers stands in the middle of something, and must not hear of it.
      if (!(error instanceof RangeError)) throw error;
      this.#refuse("frameTooLarge", { source, detail: error.message });
      connection.abort({ kind: "local", message: error.message });
    }
  }

  #refuse(refusal: Refusal, from: { readonly source: string; readonly detail: string }): void {
    this.#refusals.count(refusal, from);
  }
}
