/**
 * The gate before the HTTP server of the runtime, which accepts any number of connections and keeps
 * them for any time. It passes bytes on, and knows nothing of HTTP.
 *
 * Invariants: there are never more than `connectionsMax` connections (H2), and `waitingMax` beside
 * them that nobody reads; a connection on which the server has said nothing for `silenceMsMax` is
 * closed, whatever its client sends; at most two buffers are held for a connection, so that a slow
 * client holds up itself alone.
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
  /** At the limit so many more wait for a place, in the order in which they came. */
  readonly waitingMax: number;
  /** A connection that waits longer is closed. */
  readonly waitMsMax: number;
  /** A connection is closed when the server has said nothing for so long. */
  readonly silenceMsMax: number;
  /** A connection that waits takes the place of one that is silent for so long. */
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

/** A connection that waits for a place. */
interface Waiting {
  readonly source: string;
  readonly client: Deno.Conn;
  readonly since: number;
}

/** Passes connections on to a server. */
export class Gate {
  readonly #options: GateOptions;
  readonly #acceptor: Acceptor;
  readonly #passages = new Set<Passage>();
  readonly #waiting: Waiting[] = [];
  #isClosed = false;
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
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#acceptor.close();
    for (const { client } of this.#waiting.splice(0)) closeQuietly(client);
    for (const passage of this.#passages) this.#end(passage);
  }

  #accept(client: Deno.Conn): void {
    const source = sourceOf(client.remoteAddr);
    this.#waiting.push({ source, client, since: performance.now() });
    this.#admit();
    if (this.#waiting.length > this.#options.waitingMax) this.#refuse(this.#waiting.pop());
  }

  get #room(): number {
    return this.#options.connectionsMax - this.#passages.size;
  }

  /** Lets in those that wait, as far as there is room; a connection that is silent makes room. */
  #admit(): void {
    while (!this.#isClosed && this.#waiting.length > 0) {
      if (this.#room <= 0 && !this.#endSilent()) return;
      const next = this.#waiting.shift();
      if (next !== undefined) void this.#pass(next);
    }
  }

  #refuse(waiting: Waiting | undefined): void {
    if (waiting === undefined) return;
    const { client, source } = waiting;
    const detail = `more than ${this.#options.connectionsMax} HTTP connections`;
    this.#options.refusals.count("tooMany", { source, detail });
    closeQuietly(client);
  }

  async #pass({ client, source }: Waiting): Promise<void> {
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
    this.#drop(oldest);
    return true;
  }

  #sweep(): void {
    const { silenceMsMax, waitMsMax, refusals } = this.#options;
    const now = performance.now();
    while (this.#waiting.length > 0 && now - this.#waiting[0]!.since > waitMsMax) {
      this.#refuse(this.#waiting.shift());
    }
    this.#admit();
    const before = now - silenceMsMax;
    for (const passage of this.#passages) {
      if (passage.answeredAt > before) continue;
      const detail = `no answer for ${silenceMsMax} ms on an HTTP connection`;
      refusals.count("silent", { source: passage.source, detail });
      this.#end(passage);
    }
  }

  #end(passage: Passage): void {
    this.#drop(passage);
    this.#admit();
  }

  #drop(passage: Passage): void {
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
