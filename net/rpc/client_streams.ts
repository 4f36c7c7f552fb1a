/**
 * Streams as a client sees them: it grants credit, and gets parts and one end.
 *
 * Invariant: every stream that was opened ends exactly once, and nothing is delivered after the end.
 *
 * @module
 */

import type { Connection, WireValue } from "../wire/mod.ts";
import { encodeCreditFrame, encodeOpenFrame, type ReplyFrame } from "./rpc_frames.ts";

/** How a stream ended. */
export type StreamEnd =
  /** The server ended it, and says why. */
  | { readonly kind: "ended"; readonly payload: WireValue }
  /** It never began. */
  | {
    readonly kind: "neverSent";
    readonly reason: "noConnection" | "overloaded" | "unknownRequest" | "aborted";
  }
  /** The connection was lost. */
  | { readonly kind: "lost" };

/** What becomes of a stream. Neither function may throw. */
export interface StreamHandlers {
  /** Takes the next part. */
  readonly part: (payload: WireValue) => void;
  /** Called once, after the last part. */
  readonly ended: (end: StreamEnd) => void;
}

/** A stream that was asked for. */
export interface ClientStream {
  /** Takes so many bytes more than were granted before. */
  grant(bytes: number): void;
  /** Ends it; nothing is delivered any more. */
  cancel(): void;
}

/** The streams of one client of one server. */
export class ClientStreams {
  /** Those on the present connection, by number. */
  readonly #open = new Map<number, StreamHandlers>();

  /** The number of streams that are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Opens a stream on a connection that will be there soon; `null`: there will be none. */
  begin(
    connecting: Promise<Connection | null>,
    { number, payload, credit, handlers }: {
      readonly number: number;
      readonly payload: WireValue;
      readonly credit: number;
      readonly handlers: StreamHandlers;
    },
  ): ClientStream {
    let connection: Connection | null = null;
    let isCancelled = false;
    let waiting = 0;
    connecting.then((made) => {
      if (isCancelled) return;
      if (made === null || made.isClosed) {
        return handlers.ended({ kind: "neverSent", reason: "noConnection" });
      }
      connection = made;
      this.#open.set(number, handlers);
      const frame = encodeOpenFrame({ number, payload, credit: credit + waiting });
      if (!made.send(frame)) this.#finish(number, { kind: "neverSent", reason: "overloaded" });
    });
    return {
      grant: (bytes) => {
        if (connection === null) waiting += bytes;
        else if (this.#open.has(number)) connection.send(encodeCreditFrame(number, bytes));
      },
      cancel: () => {
        isCancelled = true;
        if (this.#open.delete(number)) connection?.send(encodeCreditFrame(number, 0));
      },
    };
  }

  /** Delivers a frame; false: it belongs to no stream. */
  receive({ number, status, payload }: ReplyFrame): boolean {
    const handlers = this.#open.get(number);
    // A part of a stream that was cancelled may still come.
    if (handlers === undefined) return status === "part";
    if (status === "part") handlers.part(payload);
    else if (status === "answered") this.#finish(number, { kind: "ended", payload });
    else this.#finish(number, { kind: "neverSent", reason: status });
    return true;
  }

  /** The connection is gone, and all streams with it. */
  lose(): void {
    const lost = [...this.#open.values()];
    this.#open.clear();
    for (const { ended } of lost) ended({ kind: "lost" });
  }

  #finish(number: number, end: StreamEnd): void {
    const handlers = this.#open.get(number);
    this.#open.delete(number);
    handlers?.ended(end);
  }
}
