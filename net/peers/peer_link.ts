/**
 * One line to one peer: a connection that this node dials, says hello on, sends messages over and
 * dials again when it breaks. Nothing but the answer to the hello and signs of life come back on
 * it.
 *
 * Invariants: messages leave in the order they were given, or not at all; what waits is bounded and
 * the rest is dropped whole and counted; messages that waited for one run of the peer are never
 * given to the next.
 *
 * @module
 */

import { encodeEnvelope, type Envelope, invariant } from "../../raft/mod.ts";
import {
  type Address,
  Connection,
  decodeHelloRefusal,
  type HelloRefusal,
  type PeerTraffic,
  type WireValue,
} from "../wire/mod.ts";
import { decodePeerAnswer, encodePeerHello, type PeerAnswer, refuseAnswer } from "./peer_hello.ts";
import type { AddressSource, PeerLinkOptions } from "./peer_link_options.ts";

/** A request for a sign of life, and the reply to it. No message has this type. */
export const PING: WireValue = [0];

/** When more than this is queued for a connection, older messages are dropped. */
const WAITING_BYTES_MAX = 2 ** 20;

/** Dials one peer and sends to it. */
export class PeerLink {
  readonly #options: PeerLinkOptions;
  /** They are dialled in turn: the hello shows whether the right node is there. */
  readonly #addresses = new Map<AddressSource, Address>();
  #connection: Connection | null = null;
  /** Whether the hello was answered, so that messages may be sent. */
  #isReady = false;
  #isClosed = false;
  /** The latest few messages, queued while there is no connection. */
  #waiting: Envelope[] = [];
  #waitingBytes = 0;
  /** What the peer answered last. */
  #answer: PeerAnswer | null = null;
  /** The peer said that one of both has no cluster yet: the next hello shows it the members. */
  #isPeerUnborn = false;
  #dials = 0;
  #tries = 0;
  #backoffMs: number;
  #redial: ReturnType<typeof setTimeout> | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #readyAt = 0;
  #sentBefore = 0;
  #heardBytes = 0;
  #heardAt = 0;
  /** Whether the last log line said that the peer is reachable; `null` before the first line. */
  #loggedReady: boolean | null = null;
  #loggedAt = performance.now();
  readonly #traffic = { sent: 0, dropped: 0, connects: 0 };

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.#backoffMs = options.limits.redialMsMin;
  }

  get traffic(): PeerTraffic {
    return { ...this.#traffic, queuedBytes: this.waitingBytes, isConnected: this.#isReady };
  }

  /** Sets an address of the peer. */
  setAddress(address: Address, source: AddressSource = "other"): void {
    const isSame = (other: Address | undefined): boolean =>
      other?.hostname === address.hostname && other.port === address.port;
    if (isSame(this.#addresses.get(source))) return;
    const isKnown = [...this.#addresses.values()].some(isSame);
    this.#addresses.set(source, address);
    if (isKnown && this.#isReady) return;
    this.#drop("the peer has a new address");
    this.#dialNow();
  }

  /** Bytes that were accepted here but not yet by the kernel. */
  get waitingBytes(): number {
    return this.#waitingBytes + (this.#connection?.queuedBytes ?? 0);
  }

  /** Sends, queues or drops the message; never blocks. */
  send(envelope: Envelope): void {
    if (this.#isReady && this.#connection !== null) return this.#sendOn(this.#connection, envelope);
    this.#waiting.push(envelope);
    this.#waitingBytes += payloadBytes(envelope);
    const { waitingMax } = this.#options.limits;
    while (
      this.#waiting.length > waitingMax ||
      (this.#waitingBytes > WAITING_BYTES_MAX && this.#waiting.length > 1)
    ) {
      const oldest = this.#waiting.shift();
      if (oldest !== undefined) this.#waitingBytes -= payloadBytes(oldest);
      this.#traffic.dropped += 1;
    }
    invariant(this.#waitingBytes >= 0, "bytes of waiting messages add up");
  }

  /** Dials at once, because the peer has just dialled this node. */
  nudge(): void {
    if (this.#connection === null) this.#dialNow();
  }

  /** The members have changed: the peer may have been replaced by another folder. */
  judgeAgain(): void {
    const refusal = this.#answer && refuseAnswer(this.#answer, this.#options.self());
    if (!this.#isReady || refusal === null) return;
    this.#refuse(refusal);
    this.#drop("refused");
  }

  /** Sends a ping on an idle line, and closes the connection when there was no sign of life for too long. */
  tick(now: number, didStall: boolean): void {
    const connection = this.#connection;
    if (connection === null || !this.#isReady) return;
    const bytes = connection.bytesReceived;
    if (bytes !== this.#heardBytes || didStall) {
      this.#heardBytes = bytes;
      this.#heardAt = now;
    } else if (now - this.#heardAt > this.#options.limits.silenceMsMax) {
      this.#refuse({ refusal: "silent", detail: "no sign of life" });
      return this.#drop("silent");
    }
    // Any bytes are answered, so a message serves as well.
    if (this.#traffic.sent === this.#sentBefore) connection.send(PING);
    this.#sentBefore = this.#traffic.sent;
  }

  /** Closes the connection for good. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#redial);
    this.#drop("closed");
    this.#takeWaiting();
  }

  #sendOn(connection: Connection, envelope: Envelope): void {
    if (this.#offer(connection, envelope)) this.#traffic.sent += 1;
    else this.#traffic.dropped += 1;
  }

  /** False also for a message larger than a frame, as a transport does not throw. */
  #offer(connection: Connection, envelope: Envelope): boolean {
    try {
      return connection.send(encodeEnvelope(envelope));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#refuse({ refusal: "frameTooLarge", detail: error.message });
      return false;
    }
  }

  #dialNow(): void {
    clearTimeout(this.#redial);
    this.#redial = undefined;
    this.#backoffMs = this.#options.limits.redialMsMin;
    if (!this.#isClosed) this.#dial();
  }

  /** Dials after half to all of the back-off, at random, so that nodes do not dial in step. */
  #dialLater(): void {
    if (this.#isClosed || this.#redial !== undefined) return;
    const { redialMsMax } = this.#options.limits;
    const waitMs = this.#backoffMs * (0.5 + this.#options.random() / 2);
    this.#backoffMs = Math.min(this.#backoffMs * 2, redialMsMax);
    this.#redial = setTimeout(() => {
      this.#redial = undefined;
      if (this.#connection === null) this.#dial();
    }, waitMs);
  }

  #dial(): void {
    const address = [...this.#addresses.values()][this.#tries++ % this.#addresses.size];
    if (address === undefined) return;
    // The hello could not say yet what the folder holds.
    if (this.#options.self().held() === null) return this.#dialLater();
    const dial = ++this.#dials;
    this.#armDeadline(dial);
    Deno.connect({ ...address, transport: "tcp" }).then(
      (conn) => {
        // A newer attempt may have begun, or the link may have been closed.
        if (dial === this.#dials && !this.#isClosed) this.#greet(conn, dial);
        else conn.close();
      },
      (error: Error) => {
        if (dial === this.#dials) this.#fail(error.message);
      },
    );
  }

  /** Sets the deadline that dialling and the answer to the hello share. */
  #armDeadline(dial: number): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => {
      if (dial !== this.#dials || this.#isReady) return;
      this.#dials += 1;
      this.#drop("no answer to the hello");
    }, this.#options.limits.helloMsMax);
  }

  #greet(conn: Deno.TcpConn, dial: number): void {
    const { self, peer: to, line, run, address, limits } = this.#options;
    const { id: from, certificate, incarnationOf, held, ...own } = self();
    const connection = new Connection(conn, {
      frameBytesMax: limits.frameBytesMax,
      firstFrameBytesMax: limits.helloBytesMax,
      queueBytesMax: limits.queueBytesMax,
      receive: (value) => this.#receive(connection, value),
    });
    this.#connection = connection;
    const ids = { from, to, wanted: incarnationOf(to), run, dial, line, held: held() };
    const shown = this.#isPeerUnborn ? certificate : null;
    connection.send(encodePeerHello({ ...own, ...ids, address: address(), certificate: shown }));
    connection.closed.then(({ message }) => {
      if (this.#connection !== connection) return;
      this.#connection = null;
      this.#fail(message);
    });
  }

  /** Handles the answer to the hello, then signs of life. */
  #receive(connection: Connection, value: WireValue): void {
    if (connection !== this.#connection || this.#isReady) return;
    const { peer, self, limits } = this.#options;
    const answer = decodePeerAnswer(value, { ...self(), peer });
    if ("refusal" in answer) {
      this.#refuse(answer);
      const said = decodeHelloRefusal(value);
      if (said !== null) this.#options.refused(said);
      this.#isPeerUnborn = said?.reason === "unborn";
      if (!this.#isPeerUnborn) this.#backoffMs = limits.redialMsMax;
      return this.#drop("refused");
    }
    clearTimeout(this.#deadline);
    this.#isReady = true;
    this.#readyAt = performance.now();
    this.#heardAt = this.#readyAt;
    this.#traffic.connects += 1;
    this.#logChange(true);
    const isSameRun = this.#answer === null || this.#answer.run === answer.run;
    this.#answer = answer;
    for (const envelope of this.#takeWaiting()) {
      if (isSameRun) this.#sendOn(connection, envelope);
      else this.#traffic.dropped += 1;
    }
  }

  #takeWaiting(): readonly Envelope[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return waiting;
  }

  #drop(reason: string): void {
    const connection = this.#connection;
    this.#connection = null;
    connection?.abort({ kind: "local", message: reason });
    this.#fail(reason);
  }

  /** Handles the loss of the connection. After a long-lived one the first redial comes soon. */
  #fail(reason: string): void {
    clearTimeout(this.#deadline);
    this.#logChange(false, reason);
    const { limits } = this.#options;
    if (this.#isReady && performance.now() - this.#readyAt > limits.redialMsMax) {
      this.#backoffMs = limits.redialMsMin;
    }
    this.#isReady = false;
    if (this.#addresses.size > 0) this.#dialLater();
  }

  /** Logs when the peer becomes reachable or unreachable, but not each attempt. */
  #logChange(isReady: boolean, reason = ""): void {
    if (this.#isClosed || this.#loggedReady === isReady) return;
    const now = performance.now();
    if (!isReady && now - this.#loggedAt < this.#options.limits.logEveryMs) return;
    this.#loggedAt = now;
    this.#loggedReady = isReady;
    const { log, peer } = this.#options;
    log(isReady ? `reaches n${peer}` : `does not reach n${peer}: ${reason}; tries again`);
  }

  #refuse({ refusal, detail }: HelloRefusal): void {
    this.#options.refusals.count(refusal, { source: `n${this.#options.peer}`, detail });
  }
}

/** The approximate size of a message: its commands or chunk. */
function payloadBytes({ message }: Envelope): number {
  if (message.type === "installSnapshot") return message.data.length;
  if (message.type !== "appendEntries") return 0;
  return message.entries.reduce((sum, { data }) => sum + data.length, 0);
}
