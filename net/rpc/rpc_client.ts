/**
 * Calls one server, with many calls in flight on one connection, and returns the outcome of each.
 *
 * Invariants: `neverSent` is returned only for a request of which no byte was sent, or which the
 * server reports as not executed; a call ends by its deadline; pending calls are bounded; a
 * connection on which nothing arrives any more is closed.
 *
 * @module
 */

import { Connection, type WireValue } from "../wire/mod.ts";
import type { CallLimits, CallOutcome } from "./call.ts";
import { CLIENT_DEFAULTS, type RpcClientOptions } from "./client_options.ts";
import { type ClientStream, ClientStreams, type StreamHandlers } from "./client_streams.ts";
import { type ConnectFailure, endedEarly, late, saidNo, systemFailure } from "./connect_failure.ts";
import {
  decodeReplyFrame,
  decodeServerHello,
  encodeClientHello,
  encodeRequestFrame,
  type ServerHello,
} from "./rpc_frames.ts";
import { within } from "./within.ts";

interface Pending {
  readonly settle: (outcome: CallOutcome) => void;
  /** On this client's clock. */
  readonly deadline: number;
}

interface Request {
  readonly payload: WireValue;
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
}

/** The interval of the timer that checks all deadlines. */
const SWEEP_MS = 10;
/** Its interval while only streams are open, which have no deadlines. */
const STREAM_SWEEP_MS = 250;

/** A client of one server, which reconnects as needed. */
export class RpcClient {
  readonly #options: Required<RpcClientOptions>;
  #connection: Connection | null = null;
  /** A connection on which the server has not sent its hello yet. */
  #fresh: Connection | null = null;
  #connecting: Promise<Connection | null> | null = null;
  #failedAt = -Infinity;
  #clusterId: string | null;
  #isClosed = false;
  #number = 0;
  /** By number; the Map keeps them in the order of calls. */
  readonly #pending = new Map<number, Pending>();
  readonly #streams = new ClientStreams();
  #sweeper: ReturnType<typeof setTimeout> | null = null;
  #sweepDueAt = 0;
  /** The time since which calls are pending and nothing arrived; `null` until the next sweep. */
  #silentSince: number | null = null;
  /** The time of the ping after a long silence. */
  #askedAt: number | null = null;
  #server: ServerHello | null = null;
  #failure: ConnectFailure | null = null;

  /** Makes a client, which connects at its first call. */
  constructor(options: RpcClientOptions) {
    this.#options = { ...CLIENT_DEFAULTS, ...options };
    this.#clusterId = this.#options.clusterId;
  }

  /** From now on the server must be of the cluster with this id, unless one was wanted before. */
  stayWith(clusterId: string): void {
    this.#clusterId ??= clusterId;
    if (this.#server?.clusterId !== this.#clusterId) this.#connection?.close();
  }

  /** The server that answered the last hello. */
  get server(): ServerHello | null {
    return this.#server;
  }

  /** Why the latest attempt to connect failed; `null` if it did not, or there was none. */
  get lastFailure(): ConnectFailure | null {
    return this.#failure;
  }

  /** Whether a call would be sent at once. */
  get isConnected(): boolean {
    return this.#connection !== null && !this.#connection.isClosed;
  }

  /** Sends a request; resolves by the deadline, or when the signal is raised. */
  call(payload: WireValue, { withinMs, signal }: CallLimits): Promise<CallOutcome> {
    const deadline = performance.now() + withinMs;
    const connection = this.#connection;
    if (signal?.aborted) return Promise.resolve({ kind: "neverSent", reason: "aborted" });
    const request = { payload, deadline, signal };
    if (connection === null || connection.isClosed) return this.#callLater(request);
    return this.#callNow(connection, request);
  }

  /** Sends a request that is answered by a stream, of which this client takes so many bytes at first. */
  open(payload: WireValue, credit: number, handlers: StreamHandlers): ClientStream {
    const connecting = this.connect().then((connection) => {
      if (connection?.isClosed === false) this.#sweepLater();
      return connection;
    });
    return this.#streams.begin(connecting, { number: ++this.#number, payload, credit, handlers });
  }

  /** Closes the connection. Calls in flight end as unknown. */
  close(): void {
    this.#isClosed = true;
    this.#fresh?.abort({ kind: "local", message: "closed by this side" });
    this.#connection?.close();
    this.#lose(this.#connection);
  }

  async #callLater(request: Request): Promise<CallOutcome> {
    const { deadline, signal } = request;
    const connection = await within(this.connect(), deadline - performance.now(), signal);
    if (signal?.aborted) return { kind: "neverSent", reason: "aborted" };
    if (connection === null) return { kind: "neverSent", reason: "noConnection" };
    return await this.#callNow(connection, request);
  }

  #callNow(connection: Connection, { payload, deadline, signal }: Request): Promise<CallOutcome> {
    const number = ++this.#number;
    const { promise, resolve } = Promise.withResolvers<CallOutcome>();
    if (signal === undefined) {
      this.#send(connection, { number, payload, settle: resolve, deadline });
      return promise;
    }
    const abort = (): void => {
      if (this.#pending.delete(number)) resolve({ kind: "unknown", reason: "aborted" });
    };
    signal.addEventListener("abort", abort);
    this.#send(connection, { number, payload, settle: resolve, deadline });
    return promise.finally(() => signal.removeEventListener("abort", abort));
  }

  #send(
    connection: Connection,
    { number, payload, settle, deadline }: Pending & {
      readonly number: number;
      readonly payload: WireValue;
    },
  ): void {
    const withinMs = Math.max(0, deadline - performance.now());
    if (this.#pending.size >= this.#options.inFlightMax) {
      return settle({ kind: "neverSent", reason: "overloaded" });
    }
    if (!connection.send(encodeRequestFrame({ number, payload, withinMs }))) {
      const reason = connection.isClosed ? "noConnection" : "overloaded";
      return settle({ kind: "neverSent", reason });
    }
    this.#pending.set(number, { settle, deadline });
    this.#sweepLater();
  }

  /** The connection, made if there is none; `null` if it cannot be made now. */
  connect(): Promise<Connection | null> {
    if (this.#isClosed) return Promise.resolve(null);
    if (this.isConnected) return Promise.resolve(this.#connection);
    if (this.#connecting !== null) return this.#connecting;
    if (performance.now() - this.#failedAt < this.#options.retryMs) return Promise.resolve(null);
    const begin = performance.now();
    this.#connecting = this.#dial().then((connection) => {
      return connection ??
        (late(this.#failure, performance.now() - begin) ? this.#dial() : null);
    }).then((connection) => {
      this.#connecting = null;
      this.#connection = connection;
      if (connection === null) this.#failedAt = performance.now();
      return connection;
    });
    return this.#connecting;
  }

  /** Sends nothing before the server's hello, so that a failure means "never sent". */
  async #dial(): Promise<Connection | null> {
    const conn = await this.#open();
    if (conn === null) return null;
    this.#failure = null;
    const { promise, resolve } = Promise.withResolvers<Connection | null>();
    const connection = new Connection(conn, {
      frameBytesMax: this.#options.frameBytesMax,
      firstFrameMs: this.#options.connectMsMax,
      receive: (value) => {
        if (connection === this.#connection) return this.#receive(connection, value);
        const hello = decodeServerHello(value);
        if (hello === null || "refusal" in hello) {
          this.#failure = saidNo(hello, value);
          return connection.refuse(this.#failure.message);
        }
        this.#server = hello;
        this.#fresh = null;
        // Set at once, so that replies that arrive together with the hello find their calls.
        this.#connection = connection;
        resolve(connection);
      },
    });
    this.#fresh = connection;
    connection.send(encodeClientHello({ ...this.#options, clusterId: this.#clusterId }));
    connection.closed.then((closed) => {
      if (this.#fresh === connection) {
        this.#fresh = null;
        this.#failure ??= endedEarly(closed); // The server may have said why.
      }
      resolve(null);
      this.#lose(connection);
    });
    return await promise;
  }

  async #open(): Promise<Deno.Conn | null> {
    const { server, connectMsMax } = this.#options;
    const opening: Promise<Deno.Conn> = "path" in server
      ? Deno.connect({ transport: "unix", path: server.path })
      : Deno.connect({ transport: "tcp", hostname: server.hostname, port: server.port });
    let isLate = false;
    this.#failure = { kind: "timeout", message: `no connection within ${connectMsMax} ms` };
    const opened = opening.then((conn) => {
      if (!isLate && !this.#isClosed) return conn;
      conn.close();
      return null;
    }, (error: Error) => {
      if (!isLate) this.#failure = systemFailure(error);
      return null;
    });
    const conn = await within(opened, connectMsMax);
    isLate = conn === null;
    return conn;
  }

  #receive(connection: Connection, value: WireValue): void {
    const reply = decodeReplyFrame(value);
    if (reply === null) return connection.refuse("wanted a numbered reply");
    if (this.#streams.receive(reply) || reply.status === "part") return;
    const pending = this.#pending.get(reply.number);
    // The call may have reached its deadline already.
    if (pending === undefined) return;
    this.#pending.delete(reply.number);
    if (reply.status === "answered") pending.settle({ kind: "replied", payload: reply.payload });
    else pending.settle({ kind: "neverSent", reason: reply.status });
  }

  #lose(connection: Connection | null): void {
    if (connection === null || connection !== this.#connection) return;
    this.#connection = null;
    this.#silentSince = this.#askedAt = null;
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const { settle } of lost) settle({ kind: "unknown", reason: "connectionLost" });
    this.#streams.lose();
    if (this.#sweeper !== null) clearTimeout(this.#sweeper);
    this.#sweeper = null;
  }

  /** Arms the timer, or arms it anew if it is too far away for a call. */
  #sweepLater(): void {
    const ms = this.#pending.size > 0 ? SWEEP_MS : STREAM_SWEEP_MS;
    const dueAt = performance.now() + ms;
    if (this.#sweeper !== null && dueAt >= this.#sweepDueAt) return;
    clearTimeout(this.#sweeper ?? undefined);
    this.#sweepDueAt = dueAt;
    this.#sweeper = setTimeout(() => this.#sweep(), ms);
  }

  #sweep(): void {
    this.#sweeper = null;
    const now = performance.now();
    for (const [number, { settle, deadline }] of this.#pending) {
      if (deadline > now) continue;
      this.#pending.delete(number);
      settle({ kind: "unknown", reason: "deadline" });
    }
    if (this.#connection !== null) this.#listen(this.#connection, now);
    if (this.#pending.size > 0 || this.#streams.size > 0) this.#sweepLater();
  }

  /** Sends a ping after a silence, since a dead connection looks like a slow server (X3). */
  #listen(connection: Connection, now: number): void {
    const patienceMs = this.#options.silenceMsMax / 2;
    // After a pause of this process, replies of the server may still be unread.
    const didStall = now - this.#sweepDueAt > patienceMs;
    const since = this.#silentSince;
    if (since === null || connection.heardAt > since || didStall) {
      this.#silentSince = now;
      this.#askedAt = null;
    } else if (this.#askedAt !== null) {
      if (now - this.#askedAt < patienceMs) return;
      connection.abort({ kind: "silent", message: "no sign of life" });
    } else if (now - since >= patienceMs) {
      this.#askedAt = now;
      connection.send([++this.#number, null]);
    }
  }
}
