/**
 * The gate before the HTTP server of the runtime, which accepts any number of connections and keeps
 * them for any time. It passes bytes on, and answers those beyond the limit with status 503.
 *
 * Invariants: there are never more than `connectionsMax` connections (H2), and `refusedMax` beside them
 * that are being refused; a connection on which the server has said nothing for `silenceMsMax` is
 * closed, whatever its client sends; at most two buffers are held for a connection, so that a slow
 * client holds up itself alone.
 *
 * @module
 */

import { acceptAll, type Acceptor, type Refusals, sourceOf } from "../wire/mod.ts";
import { BUSY_BYTES_MAX, busyAnswer } from "./busy.ts";

/** Options of a {@linkcode Gate}. */
export interface GateOptions {
  /** The listener, which the gate closes. */
  readonly listener: Deno.Listener;
  /** Opens a connection to the server behind the gate. */
  readonly connect: () => Promise<Deno.Conn>;
  readonly refusals: Refusals;
  /** The greatest number of connections. */
  readonly connectionsMax: number;
  /** At the limit so many more are answered with status 503; those beyond are closed at once. */
  readonly refusedMax: number;
  /** A connection that is refused is closed after this time, whatever its client does. */
  readonly refusalMsMax: number;
  /** A connection is closed when the server has said nothing for so long. */
  readonly silenceMsMax: number;
  /** A new connection takes the place of one that is silent for so long. */
  readonly silenceMsMin: number;
}

const BUFFER_BYTES = 16 * 1024;
const SWEEP_MS = 100;

interface Passage {
  readonly source: string;
  readonly client: Deno.Conn;
  server: Deno.Conn | null;
  /** When the server has last said something, or the connection began. */
  answeredAt: number;
}

/** Passes connections on to a server. */
export class Gate {
  readonly #options: GateOptions;
  readonly #acceptor: Acceptor;
  readonly #passages = new Set<Passage>();
  /** Connections that are being refused, oldest first, and when they are closed at the latest. */
  readonly #refused = new Map<Deno.Conn, number>();
  readonly #timer: ReturnType<typeof setInterval>;

  /** Begins to accept. */
  constructor(options: GateOptions) {
    this.#options = options;
    this.#acceptor = acceptAll(options.listener, {
      accept: (conn) => this.#accept(conn),
      failed: (detail) => this.#options.refusals.count("acceptFailed", { source: "-", detail }),
    });
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  /** The number of connections. */
  get connections(): number {
    return this.#passages.size;
  }

  /** Closes all connections. */
  close(): void {
    clearInterval(this.#timer);
    this.#acceptor.close();
    for (const client of this.#refused.keys()) closeQuietly(client);
    for (const passage of this.#passages) this.#end(passage);
  }

  #accept(client: Deno.Conn): void {
    const source = sourceOf(client.remoteAddr);
    const hasRoom = this.#passages.size < this.#options.connectionsMax || this.#endSilent();
    if (hasRoom) void this.#pass(client, source);
    else void this.#refuse(client, source);
  }

  /** Answers with status 503 as soon as the client has asked for something. */
  async #refuse(client: Deno.Conn, source: string): Promise<void> {
    const { connectionsMax, refusedMax, refusalMsMax, refusals } = this.#options;
    refusals.count("tooMany", { source, detail: `more than ${connectionsMax} HTTP connections` });
    if (this.#refused.size >= refusedMax) return closeQuietly(client);
    this.#refused.set(client, performance.now() + refusalMsMax);
    try {
      await answerBusy(client, connectionsMax);
    } catch (error) {
      if (!isLost(error)) throw error;
    } finally {
      this.#refused.delete(client);
      closeQuietly(client);
    }
  }

  async #pass(client: Deno.Conn, source: string): Promise<void> {
    const passage: Passage = { source, client, server: null, answeredAt: performance.now() };
    this.#passages.add(passage);
    try {
      if ("setNoDelay" in client) (client as Deno.TcpConn).setNoDelay(true);
      const server = await this.#options.connect();
      if (!this.#passages.has(passage)) return closeQuietly(server);
      passage.server = server;
      const up = pump(client, server, () => {});
      await pump(server, client, () => passage.answeredAt = performance.now());
      this.#end(passage);
      await up;
    } catch (error) {
      this.#end(passage);
      if (!isLost(error)) throw error;
    }
  }

  /** Ends the connection that is silent for longest, if that is long enough. */
  #endSilent(): boolean {
    const { connectionsMax, silenceMsMin, refusals } = this.#options;
    let oldest: Passage | null = null;
    for (const passage of this.#passages) {
      if (oldest === null || passage.answeredAt < oldest.answeredAt) oldest = passage;
    }
    if (oldest === null || performance.now() - oldest.answeredAt < silenceMsMin) return false;
    const detail = `more than ${connectionsMax} HTTP connections`;
    refusals.count("tooMany", { source: oldest.source, detail });
    this.#end(oldest);
    return true;
  }

  #sweep(): void {
    const { silenceMsMax, refusals } = this.#options;
    const now = performance.now();
    for (const [client, endsAt] of this.#refused) {
      if (endsAt > now) break;
      closeQuietly(client);
    }
    const before = now - silenceMsMax;
    for (const passage of this.#passages) {
      if (passage.answeredAt > before) continue;
      const detail = `no answer for ${silenceMsMax} ms on an HTTP connection`;
      refusals.count("silent", { source: passage.source, detail });
      this.#end(passage);
    }
  }

  #end(passage: Passage): void {
    if (!this.#passages.delete(passage)) return;
    closeQuietly(passage.client);
    if (passage.server !== null) closeQuietly(passage.server);
  }
}

/**
 * Answers the first request of a connection with status 503. What the client still sends is read and
 * dropped until it closes: closing earlier would take the answer away from it.
 */
async function answerBusy(client: Deno.Conn, connectionsMax: number): Promise<void> {
  const buffer = new Uint8Array(BUSY_BYTES_MAX);
  let length = 0;
  let answer: Uint8Array | null = null;
  while (answer === null && length < buffer.length) {
    const count = await client.read(buffer.subarray(length));
    if (count === null) return;
    length += count;
    answer = await busyAnswer(buffer.subarray(0, length), connectionsMax);
  }
  if (answer === null) return;
  for (let at = 0; at < answer.length;) at += await client.write(answer.subarray(at));
  await client.closeWrite();
  while (await client.read(buffer) !== null);
}

/** Copies until the end of what comes, and passes the end on. */
async function pump(from: Deno.Conn, to: Deno.Conn, passed: () => void): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  try {
    for (;;) {
      const count = await from.read(buffer);
      if (count === null) break;
      for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
      passed();
    }
    await to.closeWrite();
  } catch (error) {
    if (!isLost(error)) throw error;
  }
}

/** Whether the error says that a connection has ended. */
function isLost(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.NotConnected || error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.UnexpectedEof || error instanceof Deno.errors.TimedOut;
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
