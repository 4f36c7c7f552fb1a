/**
 * Streams between clients and simulated servers, as TCP would carry them: in order, and when anything
 * is lost on the way the connection breaks, which both sides notice.
 *
 * @module
 */

import type { WatchPart, WatchStreamEnd, WatchStreamHandle } from "../../kv/mod.ts";
import type { Clock } from "../../raft/mod.ts";

/** Where parts come from. */
export interface SimProducer {
  next(): WatchPart | null;
  stop(): void;
}

/** A server of streams, as long as its process runs. */
export interface SimStreamServer {
  readonly clock: Pick<Clock, "soon">;
  open(request: Uint8Array, wake: () => void): SimProducer | null;
  /** Calls the function when the process ends; returns how to take that back. */
  whenEnded(run: () => void): () => void;
}

/** What lies between. */
export interface SimStreamWay {
  readonly clock: Pick<Clock, "now" | "after">;
  /** How long the next message takes; `null`: it is lost. */
  delayMs(kind: "request" | "reply"): number | null;
  /** The server, if one runs now. */
  server(): SimStreamServer | null;
}

interface Line {
  lastAt: number;
  readonly queue: (() => void)[];
}

const makeLine = (): Line => ({ lastAt: 0, queue: [] });

/** One stream. */
export class SimStream implements WatchStreamHandle {
  readonly #way: SimStreamWay;
  readonly #part: (bytes: Uint8Array) => void;
  readonly #ended: (end: WatchStreamEnd) => void;
  #credit: number;
  #producer: SimProducer | null = null;
  #forget: (() => void) | null = null;
  #isOver = false;
  #isWoken = false;
  /** When the latest message in each direction arrives, and what is on its way. */
  readonly #lines = { request: makeLine(), reply: makeLine() };

  constructor(way: SimStreamWay, request: Uint8Array, options: {
    readonly credit: number;
    readonly part: (bytes: Uint8Array) => void;
    readonly ended: (end: WatchStreamEnd) => void;
  }) {
    this.#way = way;
    this.#part = options.part;
    this.#ended = options.ended;
    this.#credit = options.credit;
    this.#send("request", () => this.#begin(request));
  }

  grant(bytes: number): void {
    this.#send("request", () => {
      this.#credit += bytes;
      this.#pump();
    });
  }

  cancel(): void {
    this.#isOver = true;
    this.#stop();
  }

  #begin(request: Uint8Array): void {
    const server = this.#way.server();
    if (server === null) return this.#end("unsent");
    this.#forget = server.whenEnded(() => this.#end("lost"));
    this.#producer = server.open(request, () => {
      if (this.#isWoken) return;
      this.#isWoken = true;
      server.clock.soon(() => {
        this.#isWoken = false;
        this.#pump();
      });
    });
    if (this.#producer === null) return this.#end("unknownRequest");
    this.#pump();
  }

  #pump(): void {
    while (this.#credit > 0 && this.#producer !== null) {
      const part = this.#producer.next();
      if (part === null) return;
      const { payload, isLast } = part;
      this.#credit -= Math.max(64, payload.length);
      this.#send("reply", () => isLast ? this.#end(payload) : this.#part(payload));
      if (isLast) return this.#stop();
    }
  }

  /** Delivers in order, or breaks the connection. */
  #send(kind: "request" | "reply", arrive: () => void): void {
    const { clock } = this.#way;
    const delayMs = this.#way.delayMs(kind);
    if (delayMs === null) return this.#end("lost");
    const line = this.#lines[kind];
    line.lastAt = Math.max(clock.now() + delayMs, line.lastAt);
    line.queue.push(arrive);
    // Two waits until one moment may be rounded so that the later one ends first: the order is the queue's.
    clock.after(line.lastAt - clock.now(), () => {
      const next = line.queue.shift();
      if (!this.#isOver) next?.();
    });
  }

  /** The client learns of the end a moment later, whatever is still on its way. */
  #end(end: WatchStreamEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stop();
    this.#way.clock.after(1, () => this.#ended(end));
  }

  #stop(): void {
    this.#forget?.();
    this.#producer?.stop();
    this.#producer = null;
  }
}
