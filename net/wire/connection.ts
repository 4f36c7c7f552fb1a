/**
 * One socket that carries values: frames in, frames out, deadlines, and one reason why it ended. It
 * knows neither the meaning of the values nor the other side, and does not reconnect.
 *
 * Invariants: what is sent leaves in order and whole, or the connection ends; everything sent in
 * one turn of the event loop leaves in one write; no more than `queueBytesMax` bytes wait to leave;
 * nothing is delivered after the end; the socket is closed exactly once, and `closed` resolves once
 * and never rejects. A fault of the other side ends this connection and affects nothing else.
 *
 * @module
 */

import { invariant, setDeadline } from "../../raft/mod.ts";
import { decode, type WireValue } from "./codec.ts";
import { type Closed, CONNECTION_DEFAULTS, type ConnectionOptions } from "./connection_options.ts";
import { Encoder } from "./encoder.ts";
import { appendFrame, FrameDecoder } from "./frame.ts";

/**
 * Sizes of the buffer: the smaller for an idle connection, the larger for one that keeps filling
 * it.
 */
const READ_BYTES_MIN = 2 * 1024;
const READ_BYTES_MAX = 64 * 1024;

/** One socket that carries values. It reads from its construction on. */
export class Connection {
  readonly #conn: Deno.Conn;
  readonly #options: Required<Omit<ConnectionOptions, "firstFrameBytesMax">>;
  readonly #decoder: FrameDecoder;
  readonly #closed = Promise.withResolvers<Closed>();
  /** Set once; then nothing is delivered or sent any more. */
  #end: Closed | null = null;

  /** Collects frames while the other buffer is being written; then they are swapped. */
  #queue = new Encoder();
  #writing = new Encoder();
  /** The part of the buffer being written that the system has taken. */
  #writtenBytes = 0;
  #isWriting = false;
  #isEnding = false;

  #bytesReceived = 0;
  #framesReceived = 0;
  #lastFrameAt = performance.now();
  #lastWriteAt = 0;
  #cancelTimer = (): void => {};
  #timerDueAt = Infinity;

  /** Takes over the socket and begins to read. */
  constructor(conn: Deno.Conn, options: ConnectionOptions) {
    this.#conn = conn;
    this.#options = { ...CONNECTION_DEFAULTS, ...options };
    const { frameBytesMax, slab } = this.#options;
    this.#decoder = new FrameDecoder({
      slab,
      frameBytesMax: options.firstFrameBytesMax ?? frameBytesMax,
    });
    // Frames are collected here already, so the system should not delay them.
    if ("setNoDelay" in conn && conn.remoteAddr.transport === "tcp") {
      (conn as Deno.TcpConn).setNoDelay(true);
    }
    this.#watch();
    this.#read();
  }

  /** Resolves when the connection has ended, to the reason. Never rejects. */
  get closed(): Promise<Closed> {
    return this.#closed.promise;
  }

  /** Whether the connection has ended, or is closing. */
  get isClosed(): boolean {
    return this.#end !== null || this.#isEnding;
  }

  /** The address of the other side. */
  get remoteAddr(): Deno.Addr {
    return this.#conn.remoteAddr;
  }

  /** When the latest frame arrived, on the clock of `performance.now`. */
  get heardAt(): number {
    return this.#lastFrameAt;
  }

  /** Bytes that were sent but not yet taken by the system. */
  get queuedBytes(): number {
    return this.#queue.length + this.#writing.length - this.#writtenBytes;
  }

  /** Bytes that have arrived so far. */
  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  /**
   * Sends a value, together with everything else that is sent in this turn of the event loop.
   *
   * @returns Whether it was taken: `false` if the connection has ended or the queue is full.
   * @throws {TypeError} If something in the value has no form on the wire.
   * @throws {RangeError} If its frame is too long, or the value too deep.
   */
  send(value: WireValue): boolean {
    if (this.isClosed) return false;
    const before = this.#queue.length;
    appendFrame(this.#queue, value, this.#options);
    if (this.queuedBytes > this.#options.queueBytesMax) {
      this.#queue.truncate(before);
      return false;
    }
    // Callers of this turn come first: the write starts when their code has run.
    if (before === 0 && !this.#isWriting) queueMicrotask(() => this.#startWriting());
    return true;
  }

  /**
   * Closes the connection after everything sent has left, or the other side stalls; resolves then.
   */
  close(): Promise<Closed> {
    this.#isEnding = true;
    if (this.queuedBytes === 0) this.abort({ kind: "local", message: "closed by this side" });
    return this.closed;
  }

  /** Closes the connection because of a value that arrived on it. */
  refuse(message: string): void {
    this.abort({ kind: "garbage", message });
  }

  /** Closes the connection now; bytes that have not left are lost. Only the first reason counts. */
  abort(reason: Closed): void {
    if (this.#end !== null) return;
    this.#end = reason;
    this.#cancelTimer();
    this.#queue.truncate(0);
    this.#decoder.drop();
    this.#options.unfinished?.hold(this, 0);
    this.#conn.close();
    this.#closed.resolve(reason);
  }

  async #read(): Promise<void> {
    let buffer = new Uint8Array(READ_BYTES_MIN);
    let smallReads = 0;
    while (this.#end === null) {
      const room = this.#options.unfinished?.room(this) ?? null;
      if (room !== null) await room;
      let count: number | null;
      try {
        count = await this.#conn.read(buffer);
      } catch (error) {
        return this.#break(error);
      }
      if (this.#end !== null) return;
      if (count === null) return this.#ended();
      this.#accept(buffer.subarray(0, count));
      smallReads = count <= READ_BYTES_MIN ? smallReads + 1 : 0;
      if (count === buffer.length && count < READ_BYTES_MAX) {
        buffer = new Uint8Array(READ_BYTES_MAX);
      } else if (smallReads > 64 && buffer.length > READ_BYTES_MIN) {
        buffer = new Uint8Array(READ_BYTES_MIN);
      }
    }
  }

  #ended(): void {
    this.abort(
      this.#decoder.isInsideFrame
        ? { kind: "broken", message: "the stream ended inside a frame" }
        : { kind: "remote", message: "closed by the other side" },
    );
  }

  #accept(bytes: Uint8Array): void {
    this.#bytesReceived += bytes.length;
    const values: WireValue[] = [];
    let refusal: string | null = null;
    try {
      this.#decoder.push(bytes, (frame) => {
        this.#decoder.frameBytesMax = this.#options.frameBytesMax;
        values.push(decode(frame));
      });
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof SyntaxError)) throw error;
      refusal = error.message;
    }
    if (values.length > 0) {
      const isFirst = this.#framesReceived === 0;
      this.#framesReceived += values.length;
      this.#lastFrameAt = performance.now();
      if (isFirst) this.#watch();
    }
    for (const value of values) {
      if (this.isClosed) return;
      this.#options.receive(value);
    }
    if (this.#end === null) this.#options.unfinished?.hold(this, this.#decoder.bytesHeld);
    if (refusal !== null) this.refuse(refusal);
    else if (this.#decoder.isInsideFrame && !this.isClosed) this.#options.arriving();
  }

  async #startWriting(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    while (this.#end === null && this.#queue.length > 0) {
      invariant(this.#writing.length === 0, "a buffer is written before it collects frames again");
      [this.#queue, this.#writing] = [this.#writing, this.#queue];
      this.#lastWriteAt = performance.now();
      this.#watch(this.#lastWriteAt);
      let rest = this.#writing.bytes();
      try {
        while (rest.length > 0 && this.#end === null) {
          const count = await this.#conn.write(rest);
          this.#writtenBytes += count;
          if (count === rest.length) break;
          rest = rest.subarray(count);
          this.#lastWriteAt = performance.now();
        }
      } catch (error) {
        this.#break(error);
      }
      this.#writing.clear();
      this.#writtenBytes = 0;
      if (!this.isClosed) this.#options.drained();
    }
    this.#isWriting = false;
    if (this.#isEnding) this.close();
  }

  /** After a close by this side, errors of the system are expected. */
  #break(error: unknown): void {
    this.abort({ kind: "broken", message: error instanceof Error ? error.message : `${error}` });
  }

  /**
   * Sets the one timer to the earliest deadline. When it fires, the deadlines are checked again.
   */
  #watch(now = performance.now()): void {
    if (this.#end !== null) return;
    const { firstFrameMs, idleMs, stallMs } = this.#options;
    const frameMs = this.#framesReceived === 0 ? firstFrameMs ?? idleMs : idleMs;
    const frameDueAt = frameMs === null ? Infinity : this.#lastFrameAt + frameMs;
    const writeDueAt = stallMs === null || !this.#isWriting
      ? Infinity
      : this.#lastWriteAt + stallMs;
    if (frameDueAt <= now) {
      this.abort({ kind: "silent", message: `no frame arrived within ${frameMs} ms` });
    } else if (writeDueAt <= now) {
      this.abort({ kind: "stalled", message: `no bytes were taken within ${stallMs} ms` });
    } else this.#arm(Math.min(frameDueAt, writeDueAt), now);
  }

  /** A timer that fires early enough is kept: most deadlines move before they are reached. */
  #arm(dueAt: number, now: number): void {
    if (dueAt >= this.#timerDueAt) return;
    this.#cancelTimer();
    this.#timerDueAt = dueAt;
    this.#cancelTimer = setDeadline(() => {
      this.#timerDueAt = Infinity;
      this.#watch();
    }, Math.ceil(dueAt - now));
  }
}
