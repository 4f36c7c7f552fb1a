/**
 * Accepts connections and keeps each until its first frame has been judged: the owner accepts it,
 * or refuses it with a reason. The port for clients and the port for peers both use it.
 *
 * Invariants: connections that have not been accepted are bounded in number, time and bytes; the
 * other side is sent the reason of a refusal; every refusal is counted (X3).
 *
 * @module
 */

import { acceptAll, type Acceptor } from "./acceptor.ts";
import type { WireValue } from "./codec.ts";
import { Connection } from "./connection.ts";
import type { Closed, ConnectionOptions } from "./connection_options.ts";
import { encodeHelloRefusal, type HelloRefusal } from "./hello.ts";
import { type Refusals, sourceOf } from "./refusals.ts";

/** The handlers of a connection that was accepted. */
export interface Guest {
  /** Takes every frame after the first. It must not throw. */
  readonly receive: (value: WireValue) => void;
  /** Called when a part of a frame has arrived. */
  readonly arriving?: () => void;
  /** Called when bytes that waited for this client have left. */
  readonly drained?: () => void;
  /** Called once, when the connection has ended. */
  readonly ended: () => void;
}

/** A connection whose first frame has arrived. */
export interface Visitor {
  /** The connection, which the lobby still owns. */
  readonly connection: Connection;
  /** The address of the other machine. */
  readonly source: string;
}

/** Options of a {@linkcode Lobby}. */
export interface LobbyOptions {
  /** The listener, which the lobby closes. */
  readonly listener: Deno.Listener;
  readonly refusals: Refusals;
  /** Limits of each connection. */
  readonly connection: Omit<
    ConnectionOptions,
    "receive" | "arriving" | "drained" | "firstFrameMs" | "firstFrameBytesMax"
  >;
  /** The longest first frame. */
  readonly helloBytesMax: number;
  /** The time limit for a hello. */
  readonly helloMsMax: number;
  /** Connections without hello; a further one closes the oldest. */
  readonly pendingHellosMax: number;
  /** Judges a first frame. It sends the answer itself if it accepts the visitor. */
  readonly greet: (hello: WireValue, visitor: Visitor) => Guest | HelloRefusal;
}

/** The entrance of a server. */
export class Lobby {
  readonly #options: LobbyOptions;
  readonly #acceptor: Acceptor;
  /** Connections that have not said hello, the oldest first. */
  readonly #pending = new Set<Connection>();

  /** Begins to accept connections. */
  constructor(options: LobbyOptions) {
    this.#options = options;
    this.#acceptor = acceptAll(options.listener, {
      accept: (conn) => this.#accept(conn),
      failed: (detail) => options.refusals.count("acceptFailed", { source: "here", detail }),
    });
  }

  /** Stops accepting, and closes the connections that have not been accepted. */
  close(): void {
    this.#acceptor.close();
    const end = { kind: "local", message: "this node stops" } as const;
    for (const connection of this.#pending) connection.abort(end);
  }

  #accept(conn: Deno.Conn): void {
    this.#pushOut();
    const { connection: limits, helloBytesMax, helloMsMax } = this.#options;
    const source = sourceOf(conn.remoteAddr);
    let guest: Guest | null = null;
    const connection = new Connection(conn, {
      ...limits,
      firstFrameBytesMax: helloBytesMax,
      firstFrameMs: helloMsMax,
      receive: (value) => {
        if (guest === null) guest = this.#greet(value, { connection, source });
        else guest.receive(value);
      },
      arriving: () => guest?.arriving?.(),
      drained: () => guest?.drained?.(),
    });
    this.#pending.add(connection);
    connection.closed.then((closed) => {
      this.#pending.delete(connection);
      guest?.ended();
      this.#explain(closed, { source, isGuest: guest !== null });
    });
  }

  #greet(hello: WireValue, visitor: Visitor): Guest | null {
    const { connection, source } = visitor;
    this.#pending.delete(connection);
    const guest = this.#options.greet(hello, visitor);
    if (!("refusal" in guest)) return guest;
    this.#options.refusals.count(guest.refusal, { source, detail: guest.detail });
    connection.send(encodeHelloRefusal(guest));
    connection.close();
    return null;
  }

  /**
   * Closes the connection that has been silent longest, so that silent ones cannot use up all
   * sockets.
   */
  #pushOut(): void {
    if (this.#pending.size < this.#options.pendingHellosMax) return;
    const [oldest] = this.#pending;
    if (oldest === undefined) return;
    this.#pending.delete(oldest);
    const detail = `more than ${this.#options.pendingHellosMax} connections without hello`;
    this.#options.refusals.count("tooMany", { source: sourceOf(oldest.remoteAddr), detail });
    oldest.abort({ kind: "local", message: detail });
  }

  #explain(
    { kind, message: detail }: Closed,
    { source, isGuest }: { readonly source: string; readonly isGuest: boolean },
  ): void {
    const { refusals } = this.#options;
    if (kind === "garbage") refusals.count("garbage", { source, detail });
    if (kind === "stalled") refusals.count("slowReader", { source, detail });
    if (kind === "silent") refusals.count(isGuest ? "silent" : "tooSlow", { source, detail });
  }
}
