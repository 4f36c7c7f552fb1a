/**
 * A transport that does harm on purpose: what `Faults` say happens to a message happens to it before
 * it reaches the real transport. Exists only in nodes started with a control socket.
 *
 * Each direction is judged where it begins, and a block also where it ends, so a cut is whole as
 * soon as one of the two sides knows of it.
 *
 * @module
 */

import {
  type Clock,
  encodeEnvelope,
  type Envelope,
  type NodeId,
  type Random,
  type Transport,
} from "../../raft/mod.ts";
import { Encoder } from "../wire/mod.ts";
import { decide, type Faults, isBlocked, kindOf, noFaults } from "./faults.ts";

/** What a {@linkcode FaultyTransport} is made of. */
export interface FaultyTransportOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
}

/** What went over a node's network since its start, as the course's tests count. */
export interface FaultyTraffic {
  /** Requests this node sent, delivered or not. */
  readonly requests: number;
  /** Their encoded bytes, and those of the replies that reached this node. */
  readonly bytes: number;
  /** Requests that reached this node. */
  readonly incoming: number;
}

/** With this much waiting for bandwidth a sender drops instead of queueing. */
const QUEUE_MS_MAX = 2000;

/** Sends what the faults leave over. */
export class FaultyTransport implements Transport {
  readonly #options: FaultyTransportOptions;
  readonly #encoder = new Encoder();
  readonly #busyUntil = new Map<NodeId, number>();
  #faults: Faults = noFaults;
  #requests = 0;
  #bytes = 0;
  #incoming = 0;

  /** A transport without faults so far. */
  constructor(options: FaultyTransportOptions) {
    this.#options = options;
  }

  /** What is wrong at the moment. */
  get faults(): Faults {
    return this.#faults;
  }

  /** What was sent so far. */
  get traffic(): FaultyTraffic {
    return { requests: this.#requests, bytes: this.#bytes, incoming: this.#incoming };
  }

  /** Replaces the named parts of the faults in force. */
  setFaults(change: Partial<Faults>): void {
    this.#faults = { ...this.#faults, ...change };
  }

  send(envelopes: readonly Envelope[]): void {
    const { transport, clock, random } = this.#options;
    const now: Envelope[] = [];
    for (const envelope of envelopes) {
      const { from, to, message } = envelope;
      const kind = kindOf(message.type);
      const bytes = this.#count(envelope, kind === "request");
      const delays = decide(this.#faults, { link: { from, to }, kind, random });
      for (const delayMs of delays) {
        const waitMs = delayMs + this.#queueMs(to, bytes);
        if (waitMs === 0) now.push(envelope);
        else if (waitMs < Infinity) clock.after(waitMs, () => this.#sendLate(envelope));
      }
    }
    if (now.length > 0) transport.send(now);
  }

  waiting(to: NodeId): number {
    return this.#options.transport.waiting(to);
  }

  /** Whether a message that has come in gets through. */
  admits(envelope: Envelope): boolean {
    if (isBlocked(this.#faults, envelope)) return false;
    if (kindOf(envelope.message.type) === "request") this.#incoming += 1;
    else this.#bytes += this.#size(envelope);
    return true;
  }

  /** A cut that came meanwhile also catches what was under way. */
  #sendLate(envelope: Envelope): void {
    if (!isBlocked(this.#faults, envelope)) this.#options.transport.send([envelope]);
  }

  #count(envelope: Envelope, isRequest: boolean): number {
    const bytes = this.#size(envelope);
    if (isRequest) {
      this.#requests += 1;
      this.#bytes += bytes;
    }
    return bytes;
  }

  #size(envelope: Envelope): number {
    this.#encoder.clear();
    this.#encoder.append(encodeEnvelope(envelope));
    return this.#encoder.length;
  }

  /** How long the bytes wait for their turn on a narrow line; `Infinity`: they are dropped. */
  #queueMs(to: NodeId, bytes: number): number {
    const { bytesPerSecondMax } = this.#faults;
    if (bytesPerSecondMax === null) return 0;
    const now = this.#options.clock.now();
    const begin = Math.max(now, this.#busyUntil.get(to) ?? 0);
    if (begin - now > QUEUE_MS_MAX) return Infinity;
    const end = begin + bytes * 1000 / bytesPerSecondMax;
    this.#busyUntil.set(to, end);
    return end - now;
  }
}
