/**
 * Requests that are answered by a stream: many parts, then an end. The client says how many bytes it
 * takes, and says so again when it has used them; so neither side holds more than that.
 *
 * Invariants: a stream sends nothing beyond its credit, but for the part with which it crosses it;
 * parts wait in a producer until the connection has room for them, so that a slow client holds a few
 * of them at most; all streams take turns, and none keeps the thread (X8).
 *
 * @module
 */

import type { Connection, WireValue } from "../wire/mod.ts";
import { REPLY_STATUS } from "./rpc_frames.ts";

/** What a stream sends next. */
export interface StreamPart {
  /** What the client gets. */
  readonly payload: WireValue;
  /** Whether the stream ends with it. */
  readonly isLast: boolean;
  /** Whether there is nothing behind it until `wake` is called. @default {false} */
  readonly isAll?: boolean;
}

/** Where the parts of a stream come from. Neither function may throw. */
export interface Producer {
  /** The next part; `null`: there is none yet. It is asked again when it has called `wake`. */
  next(): StreamPart | null;
  /** The stream is over, whatever the reason. Called once. */
  stop(): void;
}

/** Begins a stream; `null`: there is no such request. `wake` may be called at any time, and often. */
export type OpenStream = (request: WireValue, wake: () => void) => Producer | null;

/** A client as its streams see it. */
export interface StreamClient {
  readonly connection: Connection;
  readonly streams: Map<number, Stream>;
  send(value: WireValue): void;
}

/** One stream of one client. */
interface Stream {
  readonly client: StreamClient;
  readonly number: number;
  readonly producer: Producer;
  credit: number;
  isOpen: boolean;
}

/** Streams of one client; a further one is "overloaded". */
const STREAMS_MAX = 4096;

/** Parts are sent as long as fewer bytes than this wait for the client. */
const ROOM_BYTES = 64 * 1024;

/** Parts that are no bytes, or few, count as this much. */
const PART_BYTES_MIN = 64;

/** How long streams may send before others get the thread. */
const SLICE_MS = 2;

/**
 * What streams get from their sources so soon after others have sent waits and leaves with the rest: a
 * write, and the read on the other side, cost as much as dozens of short parts.
 */
const PACE_MS = 4;

type Timer = ReturnType<typeof setTimeout>;

/** All streams of a server. */
export class ServerStreams {
  readonly #open: OpenStream;
  /** Streams that may have something to send, in the order of their turns. */
  readonly #woken = new Set<Stream>();
  /** Streams that have something to send once their connection has room, by connection. */
  readonly #blocked = new Map<Connection, Set<Stream>>();
  /** `soon`: a pump begins at the end of this turn; a timer: it begins then. */
  #pumping: "soon" | Timer | null = null;
  #pumpedAt = -Infinity;

  constructor(open: OpenStream) {
    this.#open = open;
  }

  /** Begins a stream, or says why there is none. */
  open(
    client: StreamClient,
    { number, payload, credit }: {
      readonly number: number;
      readonly payload: WireValue;
      readonly credit: number;
    },
  ): "opened" | "overloaded" | "unknownRequest" | "inUse" {
    if (client.streams.has(number)) return "inUse";
    if (client.streams.size >= STREAMS_MAX) return "overloaded";
    const wake = (): void => {
      if (stream?.isOpen) this.#wakeLater(stream);
    };
    let stream: Stream | null = null;
    const producer = this.#open(payload, wake);
    if (producer === null) return "unknownRequest";
    stream = { client, number, producer, credit, isOpen: true };
    client.streams.set(number, stream);
    this.#wake(stream);
    return "opened";
  }

  /** A client takes so many bytes more; none: it wants the stream to end. */
  grant(client: StreamClient, number: number, bytes: number): void {
    const stream = client.streams.get(number);
    // A stream may have ended while the grant was on its way.
    if (stream === undefined) return;
    if (bytes === 0) return this.#end(stream);
    stream.credit = Math.min(stream.credit + bytes, Number.MAX_SAFE_INTEGER);
    this.#wake(stream);
  }

  /** Bytes that waited for a client have left. */
  drained(client: StreamClient): void {
    const blocked = this.#blocked.get(client.connection);
    if (blocked === undefined) return;
    this.#blocked.delete(client.connection);
    for (const stream of blocked) this.#wake(stream);
  }

  /** A client has left. */
  drop(client: StreamClient): void {
    this.#blocked.delete(client.connection);
    for (const stream of [...client.streams.values()]) this.#end(stream);
  }

  /** The source of a stream has something. */
  #wakeLater(stream: Stream): void {
    this.#woken.add(stream);
    if (this.#pumping !== null) return;
    const waitMs = this.#pumpedAt + PACE_MS - performance.now();
    if (waitMs <= 0) this.#pumpSoon();
    else this.#pumping = setTimeout(() => this.#pump(), waitMs);
  }

  /** A stream may go on at once. */
  #wake(stream: Stream): void {
    this.#woken.add(stream);
    if (this.#pumping !== "soon") this.#pumpSoon();
  }

  #pumpSoon(): void {
    if (this.#pumping !== null && this.#pumping !== "soon") clearTimeout(this.#pumping);
    this.#pumping = "soon";
    // The caller may be in the middle of an apply; what it adds in this turn leaves as one part.
    queueMicrotask(() => this.#pump());
  }

  #pump(): void {
    const begin = performance.now();
    for (const stream of this.#woken) {
      this.#woken.delete(stream);
      if (stream.isOpen && this.#sendOne(stream)) this.#woken.add(stream);
      if (performance.now() < begin + SLICE_MS) continue;
      this.#pumping = "soon";
      setTimeout(() => this.#pump());
      return;
    }
    this.#pumping = null;
    this.#pumpedAt = begin;
  }

  /** Sends one part, and says whether there may be another. */
  #sendOne(stream: Stream): boolean {
    const { client, number, producer } = stream;
    if (stream.credit <= 0) return false;
    if (client.connection.queuedBytes >= ROOM_BYTES) {
      const blocked = this.#blocked.get(client.connection);
      if (blocked === undefined) this.#blocked.set(client.connection, new Set([stream]));
      else blocked.add(stream);
      return false;
    }
    const part = producer.next();
    if (part === null) return false;
    const { payload, isLast, isAll = false } = part;
    const bytes = payload instanceof Uint8Array ? payload.length : 0;
    stream.credit -= Math.max(PART_BYTES_MIN, bytes);
    client.send([number, isLast ? REPLY_STATUS.answered : REPLY_STATUS.part, payload]);
    if (isLast) this.#end(stream);
    return stream.isOpen && !isAll;
  }

  #end(stream: Stream): void {
    stream.isOpen = false;
    stream.client.streams.delete(stream.number);
    this.#woken.delete(stream);
    this.#blocked.get(stream.client.connection)?.delete(stream);
    stream.producer.stop();
  }
}
