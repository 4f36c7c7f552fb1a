/**
 * The gate before the HTTP server of the runtime, which accepts any number of connections and keeps
 * them for any time. It passes bytes on, and knows nothing of HTTP.
 *
 * Invariants: there are never more than `connectionsMax` connections (H2); a connection on which the
 * server has said nothing for `silenceMsMax` is closed, whatever its client sends; at most two
 * buffers are held for a connection, so that a slow client holds up itself alone.
 *
 * @module
 */

import { acceptAll, type Acceptor, type Refusals, sourceOf } from "../wire/mod.ts";

/** Options of a {@linkcode Gate}. */
export interface GateOptions {
  /** The listener, which the gate closes. */
  readonly listener: Deno.Listener;
  /** Opens a connection to the server behind the gate. */
  readonly connect: () => Promise<Deno.Conn>;
  readonly refusals: Refusals;
  /** The greatest number of connections. */
  readonly connectionsMax: number;
  /** A connection is closed when the server has said nothing for so long. */
  readonly silenceMsMax: number;
  /** At the limit a new connection takes the place of one that is silent for so long. */
  readonly silenceMsMin: number;
}

const BUFFER_BYTES = 16 * 1024;
const SWEEP_MS = 500;

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
  readonly #timer: ReturnType<typeof setInterval>;

  /** Begins to accept. */
  constructor(options: GateOptions) {
    this.#options = options;
    this.#acceptor = acceptAll(options.listener, {
      accept: (conn) => void this.#pass(conn),
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
    for (const passage of this.#passages) this.#end(passage);
  }

  async #pass(client: Deno.Conn): Promise<void> {
    const source = sourceOf(client.remoteAddr);
    if (!this.#makeRoom(source)) return closeQuietly(client);
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

  /** Whether there is room for one connection more; a silent one has to go for it. */
  #makeRoom(source: string): boolean {
    const { connectionsMax, silenceMsMin, refusals } = this.#options;
    if (this.#passages.size < connectionsMax) return true;
    const detail = `more than ${connectionsMax} HTTP connections`;
    let oldest: Passage | null = null;
    for (const passage of this.#passages) {
      if (oldest === null || passage.answeredAt < oldest.answeredAt) oldest = passage;
    }
    const isSilent = oldest !== null && performance.now() - oldest.answeredAt >= silenceMsMin;
    refusals.count("tooMany", { source: isSilent ? oldest!.source : source, detail });
    if (isSilent) this.#end(oldest!);
    return isSilent;
  }

  #sweep(): void {
    const { silenceMsMax, refusals } = this.#options;
    const before = performance.now() - silenceMsMax;
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
