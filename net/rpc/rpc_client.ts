/**
 * Asks one server, with many calls in flight on one connection, and tells apart what became of each.
 *
 * Invariants: `neverSent` is said only of a request of which no byte left, or that the server says
 * it did not look at; a call ends by its deadline; what waits is bounded; a connection over which
 * nothing comes any more is given up, however alive it looks.
 *
 * @module
 */

import { type Address, Connection, type WireValue } from "../wire/mod.ts";
import {
  CLIENT_HELLO,
  decodeReplyFrame,
  decodeServerHello,
  type ServerHello,
} from "./rpc_frames.ts";

/** What became of a call. */
export type CallOutcome =
  | { readonly kind: "replied"; readonly payload: WireValue }
  /** It was not executed and never will be: safe to send again, here or elsewhere. */
  | { readonly kind: "neverSent"; readonly reason: "noConnection" | "overloaded" }
  /** It was sent, and then the connection or the patience ended: it may be executed or not. */
  | { readonly kind: "unknown"; readonly reason: "connectionLost" | "deadline" };

/** What an {@linkcode RpcClient} is made of. */
export interface RpcClientOptions {
  /** Where the server listens: a TCP address, or the path of a Unix socket. */
  readonly server: Address | { readonly path: string };
  /** Time to connect, and then to be greeted. @default {2000} */
  readonly connectMsMax?: number;
  /** For this long after a failed dial calls fail at once. @default {50} */
  readonly retryMs?: number;
  /** How long nothing may come while calls wait; half of it before the server is asked for a sign of life. @default {5000} */
  readonly silenceMsMax?: number;
  /** The longest frame, in and out. @default {64 MiB} */
  readonly frameBytesMax?: number;
  /** Calls under way; a further one is `overloaded` at once. @default {65536} */
  readonly inFlightMax?: number;
}

interface Pending {
  readonly settle: (outcome: CallOutcome) => void;
  /** On this client's clock. */
  readonly deadline: number;
}

const DEFAULTS = {
  connectMsMax: 2000,
  retryMs: 50,
  silenceMsMax: 5000,
  frameBytesMax: 64 * 2 ** 20,
  inFlightMax: 65_536,
};

/** Deadlines are looked at this often: one timer for all calls. */
const SWEEP_MS = 10;

/** Talks to one server and connects again when it has to. */
export class RpcClient {
  readonly #options: Required<RpcClientOptions>;
  #connection: Connection | null = null;
  /** Has not been greeted yet. */
  #fresh: Connection | null = null;
  #connecting: Promise<Connection | null> | null = null;
  #failedAt = -Infinity;
  #isClosed = false;
  #number = 0;
  /** By number; a Map keeps the order, so the oldest come first. */
  readonly #pending = new Map<number, Pending>();
  #sweeper: ReturnType<typeof setTimeout> | null = null;
  #sweepDueAt = 0;
  /** Since when calls wait and nothing came; `null`: since the next look. */
  #silentSince: number | null = null;
  /** When the server was asked for a sign of life, after a long silence. */
  #askedAt: number | null = null;
  #server: ServerHello | null = null;

  /** Nothing is dialled before the first call. */
  constructor(options: RpcClientOptions) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Who answered the last hello. */
  get server(): ServerHello | null {
    return this.#server;
  }

  /** Whether a call now would leave at once. */
  get isConnected(): boolean {
    return this.#connection !== null && !this.#connection.isClosed;
  }

  /** Sends a request; the outcome comes by the deadline, in milliseconds from now. */
  call(payload: WireValue, { withinMs }: { readonly withinMs: number }): Promise<CallOutcome> {
    const deadline = performance.now() + withinMs;
    const connection = this.#connection;
    if (connection !== null && !connection.isClosed) {
      return new Promise((settle) => this.#send(connection, { payload, settle, deadline }));
    }
    return this.#callLater(payload, deadline);
  }

  /** Hangs up. What is under way ends as unknown. */
  close(): void {
    this.#isClosed = true;
    this.#fresh?.abort({ kind: "local", message: "closed by this side" });
    this.#connection?.close();
    this.#lose(this.#connection);
  }

  async #callLater(payload: WireValue, deadline: number): Promise<CallOutcome> {
    const waitMs = deadline - performance.now();
    const connection = await within(this.connect(), waitMs);
    if (connection === null) return { kind: "neverSent", reason: "noConnection" };
    return new Promise((settle) => this.#send(connection, { payload, settle, deadline }));
  }

  #send(
    connection: Connection,
    { payload, settle, deadline }: Pending & { readonly payload: WireValue },
  ): void {
    const number = ++this.#number;
    if (this.#pending.size >= this.#options.inFlightMax) {
      return settle({ kind: "neverSent", reason: "overloaded" });
    }
    if (!connection.send([number, payload])) {
      const reason = connection.isClosed ? "noConnection" : "overloaded";
      return settle({ kind: "neverSent", reason });
    }
    this.#pending.set(number, { settle, deadline });
    if (this.#sweeper === null) this.#sweepLater();
  }

  /** The connection, made if there is none; `null` if it cannot be made now. */
  connect(): Promise<Connection | null> {
    if (this.#isClosed) return Promise.resolve(null);
    if (this.#connection !== null && !this.#connection.isClosed) {
      return Promise.resolve(this.#connection);
    }
    if (this.#connecting !== null) return this.#connecting;
    if (performance.now() - this.#failedAt < this.#options.retryMs) return Promise.resolve(null);
    this.#connecting = this.#dial().then((connection) => {
      this.#connecting = null;
      this.#connection = connection;
      if (connection === null) this.#failedAt = performance.now();
      return connection;
    });
    return this.#connecting;
  }

  /** Hello there and back: until then nothing else is said, so a failure before is no riddle. */
  async #dial(): Promise<Connection | null> {
    const conn = await this.#open();
    if (conn === null) return null;
    const { promise, resolve } = Promise.withResolvers<Connection | null>();
    const connection = new Connection(conn, {
      frameBytesMax: this.#options.frameBytesMax,
      firstFrameMs: this.#options.connectMsMax,
      receive: (value) => {
        if (connection === this.#connection) return this.#receive(connection, value);
        this.#server = decodeServerHello(value);
        if (this.#server === null) return connection.refuse("wanted the hello of a server");
        this.#fresh = null;
        // At once, so that replies that arrive together with the hello find their calls.
        this.#connection = connection;
        resolve(connection);
      },
    });
    this.#fresh = connection;
    connection.send(CLIENT_HELLO);
    connection.closed.then(() => {
      if (this.#fresh === connection) this.#fresh = null;
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
    const opened = opening.then((conn) => {
      if (!isLate && !this.#isClosed) return conn;
      conn.close();
      return null;
    }, () => null);
    const conn = await within(opened, connectMsMax);
    isLate = conn === null;
    return conn;
  }

  #receive(connection: Connection, value: WireValue): void {
    const reply = decodeReplyFrame(value);
    if (reply === null) return connection.refuse("wanted a numbered reply");
    const pending = this.#pending.get(reply.number);
    // The deadline may have been first.
    if (pending === undefined) return;
    this.#pending.delete(reply.number);
    if (reply.isAnswered) pending.settle({ kind: "replied", payload: reply.payload });
    else pending.settle({ kind: "neverSent", reason: "overloaded" });
  }

  #lose(connection: Connection | null): void {
    if (connection === null || connection !== this.#connection) return;
    this.#connection = null;
    this.#silentSince = this.#askedAt = null;
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const { settle } of lost) settle({ kind: "unknown", reason: "connectionLost" });
    if (this.#sweeper !== null) clearTimeout(this.#sweeper);
    this.#sweeper = null;
  }

  #sweepLater(): void {
    this.#sweepDueAt = performance.now() + SWEEP_MS;
    this.#sweeper = setTimeout(() => this.#sweep(), SWEEP_MS);
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
    if (this.#pending.size > 0 && this.#sweeper === null) this.#sweepLater();
  }

  /** A line that is cut without a word looks like a server that takes its time (X3): ask it. */
  #listen(connection: Connection, now: number): void {
    const patienceMs = this.#options.silenceMsMax / 2;
    // After a pause of this process what the server said waits unread.
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

/** The value, or `null` when the time is over. */
async function within<Value>(value: Promise<Value>, ms: number): Promise<Value | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), Math.min(Math.max(0, ms), 2 ** 31 - 1));
  });
  try {
    return await Promise.race([value, late]);
  } finally {
    clearTimeout(timer);
  }
}
